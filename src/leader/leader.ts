import type { Listener } from './lease.ts'
import type { Leading } from './lock.ts'

/** Whether this replica is the one that collects a database. */
export interface Leader {
  /** Whether replicas elect a leader (LEADER_ELECTION); otherwise this one leads for ever. */
  readonly elected: boolean
  /**
   * The moment of the monotonic clock, in milliseconds, up to which no other replica collects it: Infinity without
   * LEADER_ELECTION, and a moment of the past when this replica does not lead.
   */
  readonly trustedUntil: number
  /** How often the lead was gained: the next term must not publish what was begun in the last one. */
  readonly term: number
  /** Why no replica can lead, as far as that is known. */
  readonly hindrance: string | undefined
  /** The replica that leads, which may be this one; undefined when it is not known. */
  readonly leading: Leading | undefined
  /** Asks for the lock until it is stopped, and tells the listener each time that the lead is gained or lost. */
  follow(listener: Listener): void
  /** Asks the database now whether this replica still leads. */
  confirm(): Promise<boolean>
  /**
   * Tells the other replicas that this one gives its lead up, and waits until one of them can take over at once. It leads
   * all the time. Resolves after at most `ms` milliseconds, and at once when there is nothing or nobody to wait for.
   */
  handOver(ms: number): Promise<void>
  /** Gives the lead up and ends the session that held it. */
  stop(): Promise<void>
}
