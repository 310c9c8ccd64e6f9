import type { Moment } from '../time/moment.ts'
import type { Outcome } from './outcome.ts'
import type { CollectorStatus } from './status.ts'

/** Keeps the counters of one database's windowed collectors over restarts. */
export interface State {
  /** How many writes have failed. */
  readonly failures: number
  /** Reads the saved state and restores each windowed collector. */
  load(): void
  /** Drops the saved state of a collector that is older than STATE_MAX_AGE at this moment of the database's clock. */
  expire(status: CollectorStatus, now: Moment): void
  /** Saves the windows in these outcomes of a round, beside those of other collectors. It never rejects. */
  save(outcomes: readonly Outcome[]): Promise<void>
}
