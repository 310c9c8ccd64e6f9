/**
 * Errors that the code of a collector threw where nobody waited for them, as in a timer. The run that runs then fails with
 * such an error, and so does the next: code that throws after each run would else fail and recover all the time.
 */
export class Strays {
  #since: Error | undefined
  #before: Error | undefined

  /** Takes an error. Returns whether it is the first in a while. */
  add(error: Error): boolean {
    const isFirst = this.last === undefined
    this.#since = error
    return isFirst
  }

  /** Begins a run. */
  begin(): void {
    this.#before = this.#since
    this.#since = undefined
  }

  /** The last error since a run began. */
  get since(): Error | undefined {
    return this.#since
  }

  /** The last error since the run before that. */
  get last(): Error | undefined {
    return this.#since ?? this.#before
  }
}
