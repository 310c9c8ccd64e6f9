// Round: what is due, how runs end, what is shown. Imports stages before it only.
import type { CollectorStatus } from './status.ts'

/** The progress of a round. */
export interface Progress {
  /** When it began, in milliseconds of the monotonic clock. */
  readonly started: number
  /** How many collectors it runs, and how many of them are done. */
  readonly total: number
  readonly done: number
  /** The names of those that run now. */
  readonly running: readonly string[]
}

/** Runs the rounds of one database, one at a time. */
export interface Round {
  /** The progress of the running round; undefined when no round is running. */
  readonly progress: Progress | undefined
  /**
   * Runs every collector that is due at tick number `tick`, or the given ones, and publishes the outcomes. It never
   * rejects.
   */
  run(tick: number, collectors?: readonly CollectorStatus[]): Promise<void>
  /**
   * Runs the collectors that do not count, and keeps what they found: when this replica leads within seconds, it shows that
   * at once. It never rejects.
   */
  prepare(): Promise<void>
  /** Resolves when no round is running. */
  settled(): Promise<void>
  /** Gives the running round 10 s to end, and cancels it after that. Nothing runs any more when it resolves. */
  stop(): Promise<void>
  /** Cancels the queries of the running round, on the server too; their collectors then fail. */
  cancel(): void
}
