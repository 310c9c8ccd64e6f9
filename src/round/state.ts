import type { Moment } from '../time/moment.ts'
import type { Outcome } from './outcome.ts'
import type { CollectorStatus } from './status.ts'

/** What keeps counters from being kept. */
export interface Trouble {
  readonly since: number
  /** The variable that says where they are kept. */
  readonly variable: string
  readonly reason: string
}

/** Keeps the counters of one database's windowed collectors over restarts, and from one leader to the next. */
export interface State {
  /** How many reads and writes have failed. */
  readonly failures: number
  /** Whether the last read or write succeeded; undefined before the first in a term. */
  readonly success: boolean | undefined
  /** Why it cannot be read or written, and since when, in milliseconds since 1970; undefined while it can. */
  readonly trouble: Trouble | undefined
  /** Throws a Mistake when no counter could ever be kept. */
  check(): void
  /**
   * Reads what was saved and restores each windowed collector, once in a term. Resolves to those that can be shown as they
   * are before they run. What the leader of an earlier term saves from then on changes nothing. It never rejects.
   */
  open(term: number): Promise<readonly CollectorStatus[]>
  /** Forgets what was read, because this replica does not lead any more. */
  end(): void
  /** Why a collector cannot count now: its counters are not read yet, or another replica counts them. */
  hindrance(status: CollectorStatus): Error | undefined
  /** Restores a collector that begins in the middle of a term, if its state was read. */
  restore(status: CollectorStatus): void
  /** The moment of the newest saved state, and how many milliseconds ago it was saved; undefined without one that may be used. */
  readonly last: { readonly moment: Moment; readonly elapsed: number } | undefined
  /**
   * Drops the saved state of a collector that was written longer ago than STATE_MAX_AGE, or has counted what has not been
   * yet when the database's clock is at `now`, unless it has run since.
   */
  expire(status: CollectorStatus, now: Moment): void
  /**
   * Leaves to the next leader what the last scrape has had, when the page of that was of this moment of the monotonic clock.
   * It never rejects.
   */
  leave(scraped: number | undefined): Promise<void>
  /** Saves the windows in these outcomes of a round, beside those of other collectors. It never rejects. */
  save(outcomes: readonly Outcome[]): Promise<void>
}
