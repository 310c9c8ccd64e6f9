/** A collector that keeps timing out runs at least once in this many ticks. */
const MAX_BACKOFF_TICKS = 10

/** Says when a collector is due: at every interval, and less often while it keeps timing out. */
export class Due {
  /** Ticks between two runs, from its interval. */
  readonly #ticks: number
  #ranAtTick: number | undefined
  /** Runs in a row that timed out. */
  #timeouts = 0

  /** Both are in milliseconds. The interval is rounded up to whole ticks. */
  constructor(interval: number, tick: number) {
    this.#ticks = Math.ceil(interval / tick)
  }

  /**
   * Ticks between two runs of a collector that keeps timing out; 1 otherwise. They double after each timeout, up to ten,
   * because a query that never ends must not run all the time.
   */
  get backoffTicks(): number {
    return Math.min(2 ** Math.max(this.#timeouts - 1, 0), MAX_BACKOFF_TICKS)
  }

  /** Ticks until it runs next, counted from tick number `tick`: 0 when it is due at that one. */
  ticksUntil(tick: number): number {
    if (this.#ranAtTick === undefined) return 0
    // Counted in ticks, because a timer that fires a little early must not delay a run by a whole tick.
    return Math.max(this.#ranAtTick + Math.max(this.#ticks, this.backoffTicks) - tick, 0)
  }

  /** Records a run at a tick. */
  ran(tick: number, timedOut: boolean): void {
    this.#ranAtTick = tick
    this.#timeouts = timedOut ? this.#timeouts + 1 : 0
  }

  /** Makes it due at once, as if it had never run. */
  reset(): void {
    this.#ranAtTick = undefined
    this.#timeouts = 0
  }
}
