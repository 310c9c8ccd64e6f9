import { isTimeout } from '../finding.ts'

/** A collector that keeps timing out runs at least once in this many ticks, or in its interval if that is longer. */
const MAX_BACKOFF_TICKS = 10

/** How a run failed. While the database is unavailable a run asks nothing, so that it can be repeated at every tick. */
export type Failure = 'error' | 'timeout' | 'unavailable'

/** Says when a collector is due: at every interval, and after a failure at the next tick, less often while it lasts. */
export class Due {
  /** Ticks between two runs, from its interval. */
  readonly #ticks: number
  #ranAtTick: number | undefined
  /** Runs in a row that failed, and those that timed out. */
  #failures = 0
  #timeouts = 0

  /** Both are in milliseconds. The interval is rounded up to whole ticks. */
  constructor(interval: number, tick: number) {
    this.#ticks = Math.ceil(interval / tick)
  }

  /**
   * Ticks between two runs of a collector that keeps timing out; 1 otherwise. They double after each timeout, up to ten
   * or the interval, because a query that never ends must not run all the time.
   */
  get backoffTicks(): number {
    return doubled(this.#timeouts, this.#most)
  }

  /** Ticks until it runs next, counted from tick number `tick`: 0 when it is due at that one. */
  ticksUntil(tick: number): number {
    if (this.#ranAtTick === undefined) return 0
    // Counted in ticks, because a timer that fires a little early must not delay a run by a whole tick.
    return Math.max(this.#ranAtTick + this.#wait - tick, 0)
  }

  /** Ticks from the last run to the next. A collector that fails again and again goes back to its interval. */
  get #wait(): number {
    return this.#failures === 0 ? this.#ticks : this.#waitAfter(this.#failures, this.#timeouts)
  }

  /** Ticks to the next run if the one that runs now fails like that. */
  ticksAfter(failure: Exclude<Failure, 'unavailable'>): number {
    return this.#waitAfter(this.#failures + 1, failure === 'timeout' ? this.#timeouts + 1 : 0)
  }

  #waitAfter(failures: number, timeouts: number): number {
    return Math.max(doubled(failures, this.#ticks), doubled(timeouts, this.#most))
  }

  /** The most ticks between two runs of a collector that keeps timing out. */
  get #most(): number {
    return Math.max(MAX_BACKOFF_TICKS, this.#ticks)
  }

  /** Records a run at a tick, and how it failed. */
  ran(tick: number, failure?: Failure): void {
    this.#ranAtTick = tick
    this.#failures = failure === undefined ? 0 : failure === 'unavailable' ? 1 : this.#failures + 1
    this.#timeouts = failure === 'timeout' ? this.#timeouts + 1 : 0
  }

  /** Makes it due at once, as if it had never run. */
  reset(): void {
    this.#ranAtTick = undefined
    this.#failures = 0
    this.#timeouts = 0
  }
}

/** 1 for the first of a row, twice as many for each further one, and at most the limit. */
function doubled(count: number, limit: number): number {
  return Math.min(2 ** Math.max(count - 1, 0), limit)
}

/** How a run with this error failed. */
export function failureOf(error: Error, unavailable = false): Failure {
  if (unavailable) return 'unavailable'
  return isTimeout(error) ? 'timeout' : 'error'
}
