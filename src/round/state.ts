import type { Moment } from '../time/moment.ts'
import type { Outcome } from './outcome.ts'
import type { CollectorStatus } from './status.ts'

/** Keeps what the windowed collectors of one database have counted, over restarts. */
export interface State {
  /** How often it could not be written. */
  readonly failures: number
  /** Reads what was saved, and gives each windowed collector its part of it. */
  load(): void
  /** Drops the saved state of a collector that is older than STATE_MAX_AGE at this moment of the database's clock. */
  expire(status: CollectorStatus, now: Moment): void
  /** Writes where all collectors are once these outcomes of a round are taken. It never rejects. */
  save(outcomes: readonly Outcome[]): Promise<void>
}
