import type { Test } from 'tap'

/** Milliseconds between two looks at the clock. */
const PACE = 50
/** The share of the time for which this process may not have run. */
const MOST = 0.03
/** Seconds by which a look has to be late to be told. */
const LATE = 0.3

/**
 * When this process could not run, because of itself or of what else the machine does: the networks of all others stood
 * still meanwhile.
 */
export class Stalls {
  readonly #started = Date.now() / 1000
  readonly #all: { readonly from: number; readonly until: number }[] = []

  constructor(t: Test) {
    let last = Date.now()
    const timer = setInterval(() => {
      const now = Date.now()
      if (now - last - PACE > LATE * 1000) this.#all.push({ from: last / 1000, until: now / 1000 })
      last = now
    }, PACE)
    t.teardown(() => clearInterval(timer))
  }

  /** Whether the machine had so much to do that what took long says nothing. */
  get tooMany(): boolean {
    const stalled = this.#all.reduce((sum, { from, until }) => sum + until - from, 0)
    return stalled > (Date.now() / 1000 - this.#started) * MOST
  }

  /** Whether there was one between two moments, in seconds since 1970. */
  within(from: number, until: number): boolean {
    return this.#all.some((stall) => stall.from <= until && from <= stall.until)
  }

  toString(): string {
    const longest = Math.max(0, ...this.#all.map(({ from, until }) => until - from))
    return `${this.#all.length} times this process could not run, for ${longest.toFixed(1)} s at the most`
  }
}
