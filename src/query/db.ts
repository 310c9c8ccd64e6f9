// Query: what is asked of the database, and how. Imports stages before it only.
import type { Endpoint } from '../config/database-url.ts'
import type { Role } from '../config/session-attrs.ts'
import type { Client } from './client.ts'

/** The state of an endpoint when it was last asked or used. */
export interface EndpointState {
  /** `host:port`, as in the `endpoint` label. */
  readonly name: string
  readonly up: boolean
  /** Undefined while it is not up. */
  readonly role: Standing | undefined
  /** Why it is not up; undefined while it is up, or before it was asked. */
  readonly error: string | undefined
}

/** The role of a server, and how far it is behind. */
export interface Standing extends Role {
  /** Seconds that a standby is behind, 0 on a primary; null when it cannot be known. */
  readonly lag: number | null
  /** When the server was started, which tells it from others behind the same address; null when it cannot be known. */
  readonly server: string | null
  /** When the certificate of the session's server expires, in seconds since 1970; absent in a session without TLS. */
  readonly expires?: number
}

/** What the server reports at the start of a transaction. */
export interface Begun extends Standing {
  /** The server process, for pg_cancel_backend; null when the engine does not report it. */
  readonly pid: number | null
  /** The transaction's time by the database's clock: ISO 8601 in UTC, with microseconds. */
  readonly time: string
  /** On a standby: the moment of the last commit that it had replayed before the transaction; null when it knows none. */
  readonly replayed: string | null
  /** The position in the WAL that the transaction certainly sees, and one that it sees nothing after; null if not known. */
  readonly sees: bigint | null
  readonly within: bigint | null
  /** What tells this database from others: the system identifier of its server, as far as it can be read, and its name. */
  readonly source: string
}

/** One moment of the database, which all queries that run in it see. */
export interface Snapshot {
  readonly endpoint: Endpoint
  readonly begun: Begun
  /** Whether it runs one query at a time, in one transaction: another one waits. */
  readonly sequential: boolean
  /** Whether its connection is lost: no further query can run in it. */
  readonly lost: boolean
  /**
   * Runs a query, read-only, within `timeout` milliseconds of its begin. Rejects after that or when `signal` aborts, and
   * then ends the query on the server, too. Rejects with a LostError when the query could not begin, or did not end,
   * because the snapshot or the connection was lost.
   */
  run<T>(timeout: number, signal: AbortSignal, query: (sql: Client) => PromiseLike<T>): Promise<T>
  /** Ends the snapshot. It never rejects. */
  close(): Promise<void>
}

/** A session on a server, outside of snapshots. It never reconnects. */
export interface Session {
  /** Runs a query. Rejects as soon as the session is lost. */
  run<T>(query: (sql: Client) => PromiseLike<T>): Promise<T>
  /**
   * Makes the session read-only, with PostgreSQL's own names, and ended by the server when it is idle for this many
   * milliseconds, as far as the engine can.
   */
  restrict(milliseconds: number): Promise<void>
  /** Cuts the connection at once. Each query that still runs rejects with the reason. */
  destroy(reason: unknown): void
  /** Ends the session, and waits for the server to close it, for a second at most. */
  close(): Promise<void>
}

/** The endpoints of one database, the quorum of them, and snapshots of the one that is used. */
export interface Db {
  /** Another list after each change of one. */
  readonly endpoints: readonly EndpointState[]
  /** The endpoint that the last snapshot was taken on. */
  readonly current: string | undefined
  /** How many endpoints answered when they were last asked. */
  readonly votes: number
  /** How many votes the start waits for. */
  readonly required: number
  /** Whether the quorum was reached once; it is never waited for again. */
  readonly quorate: boolean
  /**
   * Asks all endpoints until a quorum of them answers in one vote. Returns when `signal` aborts, too.
   * Rejects when DATABASE_WAIT_TIMEOUT has passed.
   */
  waitForQuorum(signal: AbortSignal): Promise<void>
  /**
   * Asks each endpoint but the current one, whose state the rounds keep up to date; of that it asks only whether its name
   * leads to another server by now. Joins an earlier vote that is still running.
   */
  vote(signal: AbortSignal): Promise<void>
  /** Makes no endpoint the current one, so that the next vote asks all of them. */
  forgetCurrent(): void
  /** Opens a session of its own on an endpoint that is not a standby. Rejects with the reason of each endpoint. */
  primary(signal: AbortSignal): Promise<Session>
  /**
   * Takes a snapshot on the fittest endpoint that answers, except those in `avoid`, which were lost for the reason
   * beside each. Rejects with the reason of each endpoint when none can be used.
   */
  snapshot(signal: AbortSignal, avoid?: ReadonlyMap<Endpoint, Error>): Promise<Snapshot>
  /** Whether a question outside of rounds is being asked. */
  readonly asking: boolean
  /**
   * Asks a question in a read-only transaction of its own, which the rounds know nothing of, on a connection beside theirs,
   * within `timeout` milliseconds. Rejects when another question is being asked.
   */
  ask<T>(
    timeout: number,
    signal: AbortSignal,
    query: (sql: Client, begun: Begun) => PromiseLike<T>,
  ): Promise<T>
  /**
   * Lets go of each session of the rounds: an idle one at once, one in use when it is not any more. What comes after has new
   * ones, with the credentials and certificates that there are then. The session of the leader's lock stays.
   */
  renew(): void
  /** Waits for the question that is being asked, and closes the connections that are not in use. */
  close(): Promise<void>
}
