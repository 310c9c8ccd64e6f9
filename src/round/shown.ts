import type { LabelSets } from '../rows/label-set.ts'

/** The content of a collector on the page. */
export interface Content {
  readonly sets: LabelSets
  /** Series that the sets make on the page. */
  readonly series: number
}

/** The one empty content, so that its rendering is cached. */
export const NOTHING: Content = { sets: [], series: 0 }

/** Holds what a collector shows, and until when. Times are in milliseconds of the monotonic clock. */
export class Shown {
  readonly #staleAfter: number
  #content = NOTHING
  #since = 0

  /**
   * `staleAfter` is COLLECTOR_STALE_AFTER; 0 keeps values for ever. At least two intervals pass first, so that one run
   * may fail before the values are removed.
   */
  constructor(staleAfter: number, interval: number) {
    this.#staleAfter = staleAfter === 0 ? Number.POSITIVE_INFINITY : Math.max(staleAfter, 2 * interval)
  }

  /** Shows this content from now on. */
  replace({ sets, series }: Content, now: number): void {
    this.#content = { sets, series }
    this.#since = now
  }

  /** Shows what another shows, since when that does. */
  continueFrom(other: Shown): void {
    this.#content = other.#content
    this.#since = other.#since
  }

  /** Shows nothing. */
  clear(): void {
    this.#content = NOTHING
  }

  /** The last content, however old it is. */
  get content(): Content {
    return this.#content
  }

  /** When the values are older than `staleAfter`. */
  get staleAt(): number {
    return this.#since + this.#staleAfter
  }

  /** Returns whether the values are older than `staleAfter`. */
  isStale(now: number): boolean {
    return now > this.staleAt
  }
}
