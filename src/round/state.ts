import type { Moment } from '../time/moment.ts'
import type { Outcome } from './outcome.ts'
import type { CollectorStatus } from './status.ts'

/** Keeps the counters of one database's windowed collectors over restarts. */
export interface State {
  /** How many writes have failed. */
  readonly failures: number
  /** Reads the saved state and restores each windowed collector. */
  load(): void
  /** Restores a collector that begins after that, if it is windowed and its state is saved. */
  restore(status: CollectorStatus): void
  /** The moment of the newest saved state, and how many milliseconds ago it was saved; undefined without one that may be used. */
  readonly last: { readonly moment: Moment; readonly elapsed: number } | undefined
  /**
   * Drops the saved state of a collector that was written longer ago than STATE_MAX_AGE, or has counted what has not been
   * yet when the database's clock is at `now`, unless it has run since.
   */
  expire(status: CollectorStatus, now: Moment): void
  /** Saves the windows in these outcomes of a round, beside those of other collectors. It never rejects. */
  save(outcomes: readonly Outcome[]): Promise<void>
}
