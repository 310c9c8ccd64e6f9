/** The longest and the shortest window of one query, in milliseconds. */
const LONGEST = 3_600_000
const SHORTEST = 1000

/** How much of the time that is left a next window may be expected to take. */
const LIKELY = 2 / 3

/**
 * How long the windows are that a collector catches up with after an outage: an hour, or as much as its timeout has
 * room for. All times are in milliseconds.
 */
export class Pace {
  #longest = LONGEST
  /** How long the last window took for each millisecond that it covered. */
  #cost = 0
  /** The length of the window that is asked for. */
  #asked: number | undefined

  /** The longest window to ask for. */
  get longest(): number {
    return this.#longest
  }

  /** Whether a window of this length is likely to be done in the time that is left. */
  fits(length: number, left: number): boolean {
    return length * this.#cost <= left * LIKELY
  }

  /** Records that a window of this length is asked for. */
  asks(length: number): void {
    this.#asked = length
  }

  /** Records how long that window took. Windows grow again while they are quick beside the timeout. */
  took(duration: number, timeout: number): void {
    if (this.#asked !== undefined) this.#cost = duration / Math.max(this.#asked, SHORTEST)
    this.#asked = undefined
    if (duration < timeout / 4) this.#longest = Math.min(this.#longest * 2, LONGEST)
  }

  /** Records that the run ended. If a window ran out of time, the next one is half as long. */
  ended(timedOut: boolean): void {
    if (timedOut && this.#asked !== undefined) {
      this.#longest = Math.max(Math.min(this.#asked, this.#longest) / 2, SHORTEST)
    }
    this.#asked = undefined
  }
}
