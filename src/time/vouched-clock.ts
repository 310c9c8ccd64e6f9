import { later, type Moment } from './moment.ts'

/** Milliseconds that two clocks may differ by, and how much faster one may run than the other. */
const TOLERANCE = 1000
const DRIFT = 0.001

/** Milliseconds after which a clock that jumped is believed: it is not a glitch then. */
const BELIEVED_AFTER = 3_600_000

/**
 * Checks the clock of a database against our own monotonic clock, which cannot jump. A server whose clock is set
 * forwards would make the service count a time for good that has not been yet.
 */
export class VouchedClock {
  #last: { readonly moment: Moment; readonly at: number } | undefined
  /** Since when the two clocks differ, by the monotonic one. */
  #offSince: number | undefined

  /** Continues from a moment that was `elapsed` milliseconds ago. `at` is the time by the monotonic clock, in milliseconds. */
  continue(moment: Moment, elapsed: number, at: number): void {
    this.#last = { moment: later(moment, elapsed), at }
  }

  /**
   * Takes the moment that the database's clock shows at a time of the monotonic clock, in milliseconds. Returns the
   * moment that it would show had it not jumped.
   */
  check(moment: Moment, at: number): Moment {
    const believed = this.#believed(moment, at)
    this.#last = { moment: believed, at }
    return believed
  }

  /** Whether the database's clock has jumped, within the last hour. */
  get jumped(): boolean {
    return this.#offSince !== undefined
  }

  #believed(moment: Moment, at: number): Moment {
    if (this.#last === undefined) return moment
    const elapsed = at - this.#last.at
    const expected = later(this.#last.moment, elapsed)
    const off = Math.abs(Number(moment - expected)) / 1000
    this.#offSince = off <= TOLERANCE + elapsed * DRIFT ? undefined : (this.#offSince ?? at)
    if (this.#offSince !== undefined && at - this.#offSince < BELIEVED_AFTER) return expected
    this.#offSince = undefined
    return moment
  }
}
