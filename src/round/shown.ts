import type { LabelSets } from '../samples/label-set.ts'

/** What a collector has on the page. */
export interface Content {
  readonly sets: LabelSets
  /** Series that the sets make on the page. */
  readonly series: number
}

/** One empty content for good: what is rendered of it is kept. */
const NOTHING: Content = { sets: [], series: 0 }

/** What a collector shows, and until when. Times are milliseconds of the monotonic clock. */
export class Shown {
  readonly #staleAfter: number
  #content = NOTHING
  #since = 0

  /**
   * `staleAfter` is COLLECTOR_STALE_AFTER, 0 for ever. One run of a collector whose interval is as long may fail before
   * its values go.
   */
  constructor(staleAfter: number, interval: number) {
    this.#staleAfter = staleAfter === 0 ? Number.POSITIVE_INFINITY : Math.max(staleAfter, 2 * interval)
  }

  /** Shows this from now on. */
  replace({ sets, series }: Content, now: number): void {
    this.#content = { sets, series }
    this.#since = now
  }

  /** Shows nothing. */
  clear(): void {
    this.#content = NOTHING
  }

  /** What was shown last, however old it is. */
  get content(): Content {
    return this.#content
  }

  /** Whether the values are older than they may be. */
  isStale(now: number): boolean {
    return now - this.#since > this.#staleAfter
  }

  /** What is on the page: nothing once the values of a failing collector are stale. */
  at(now: number, failing: boolean): Content {
    return failing && this.isStale(now) ? NOTHING : this.#content
  }
}
