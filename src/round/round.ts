// Round: what is due, how runs end, what is shown. Imports stages before it only.
import type { Moment } from '../time/moment.ts'
import type { CollectorStatus } from './status.ts'
import type { Trace } from './trace.ts'

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

/** Since when rounds have no snapshot, in milliseconds since 1970, and why. */
export interface Outage {
  readonly since: number
  readonly reason: string
}

/** What the last snapshot says of the clocks. */
export interface Clocks {
  /** Milliseconds that the clock of the database is ahead of that of the service; negative when it is behind. */
  readonly ahead: number
  /** Whether the clock of the database has jumped within the last hour, so that counters do not go by it. */
  readonly jumped: boolean
  /** Up to when counters have counted, where that is later than the clock of the database is. */
  readonly waitUntil: Moment | undefined
}

/** Runs the rounds of one database, one at a time. */
export interface Round {
  /** The progress of the running round; undefined when no round is running. */
  readonly progress: Progress | undefined
  /** What happened in the running round, or in the last one; undefined before the first. */
  readonly trace: Trace | undefined
  /** The outage of the database; undefined while there is none. */
  readonly outage: Outage | undefined
  /** Undefined before the first snapshot. */
  readonly clocks: Clocks | undefined
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
