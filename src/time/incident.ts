/** How an incident was that has ended. */
export interface Ended {
  /** Seconds from its begin to its end. */
  readonly seconds: number
  /** What it has cost: runs, ticks or tries. */
  readonly count: number
}

/** Something that is wrong for a while, so that its begin and its end are said once. Times are those of a monotonic clock. */
export class Incident {
  #since: number | undefined
  #count = 0

  /** Whether it lasts. */
  get lasts(): boolean {
    return this.#since !== undefined
  }

  /** Is wrong now, unless it was before. Returns whether it begins with that. */
  begin(now: number): boolean {
    if (this.#since !== undefined) return false
    this.#since = now
    this.#count = 0
    return true
  }

  /** Counts what it has cost. */
  add(count: number): void {
    this.#count += count
  }

  /** Is right now. Returns how it was; undefined if nothing was wrong. */
  end(now: number): Ended | undefined {
    if (this.#since === undefined) return undefined
    const seconds = (now - this.#since) / 1000
    this.#since = undefined
    return { seconds, count: this.#count }
  }
}
