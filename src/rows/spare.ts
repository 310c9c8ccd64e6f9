/**
 * The longest array that nothing uses any more, for the next table: fresh memory is handed out and cleared by the kernel,
 * which can take longer than what is done with it.
 */
export class Spare<Numbers extends Uint32Array | Float64Array> {
  #numbers: Numbers | undefined

  /** Returns the array, with its numbers, if it has this length. */
  take(length: number): Numbers | undefined {
    const numbers = this.#numbers
    if (numbers?.length !== length) return undefined
    this.#numbers = undefined
    return numbers
  }

  give(numbers: Numbers): void {
    if (numbers.length > (this.#numbers?.length ?? 0)) this.#numbers = numbers
  }
}
