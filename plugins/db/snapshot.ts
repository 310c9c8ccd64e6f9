import type { Sql } from 'postgres'
import { deadline, within } from '../../src/deadline.ts'
import type { Endpoint } from '../../src/endpoint.ts'
import { type Begun, type Connection, isAnswer } from './connection.ts'
import type { Pool } from './pool.ts'

/** Milliseconds that the server has, after the time a query may take, to end it by itself. */
const SERVER_FIRST = 500
/** Milliseconds for a query to end after it was cancelled on the server. */
const CANCEL = 1000
const NEVER = new AbortController().signal

/**
 * One moment of the database, which queries on several connections see alike: a transaction that leads exports its
 * snapshot, each query's own transaction takes it over.
 * https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
 */
export class Snapshot {
  readonly #pool: Pool
  readonly #lead: Connection
  readonly #begun: Begun
  readonly #id: string

  private constructor(pool: Pool, lead: Connection, begun: Begun, id: string) {
    this.#pool = pool
    this.#lead = lead
    this.#begun = begun
    this.#id = id
  }

  /** Takes a snapshot on an endpoint. The server gives it up when it hears nothing for `hold` milliseconds. */
  static async take(
    pool: Pool,
    endpoint: Endpoint,
    connectTimeout: number,
    hold: number,
    signal: AbortSignal,
  ): Promise<Snapshot> {
    const limits = { statementTimeout: connectTimeout, idleTimeout: hold }
    const [lead, begun] = await pool.begin(endpoint, limits, signal)
    try {
      const work = lead.run((sql) => sql<[{ id: string }]>`SELECT pg_export_snapshot() AS id`)
      const [{ id }] = await within(connectTimeout, signal, work)
      return new Snapshot(pool, lead, begun, id)
    } catch (error) {
      pool.discard(lead, error)
      throw error
    }
  }

  get endpoint(): Endpoint {
    return this.#lead.endpoint
  }

  get begun(): Begun {
    return this.#begun
  }

  /** Whether the leading transaction is lost, and with it the snapshot for whatever has not begun. */
  get lost(): boolean {
    return this.#lead.lost
  }

  /**
   * The outcome of a query in this snapshot, within `timeout` milliseconds: the server ends it then, and if that is
   * not to be heard of or `signal` aborts, it is cancelled from the leading connection and its own is cut.
   */
  async run<T>(timeout: number, signal: AbortSignal, query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    if (this.lost) throw new Error('the snapshot was lost: the connection that leads it is gone')
    const started = performance.now()
    const transaction = { snapshot: this.#id, statementTimeout: timeout, idleTimeout: timeout }
    const [connection, { pid }] = await deadline(timeout, signal, (signal) =>
      this.#pool.begin(this.endpoint, transaction, signal),
    )
    const work = connection.run(query)
    try {
      const left = Math.max(timeout - (performance.now() - started), 0) + SERVER_FIRST
      const result = await within(left, signal, work)
      await within(CANCEL, signal, connection.commit())
      this.#pool.release(connection)
      return result
    } catch (error) {
      // Unless the server has ended it, the query may run on, even when whoever asked has given it up.
      if (!isAnswer(error) && !connection.lost) await this.#cancel(pid, work)
      await this.#leave(connection, error)
      throw error
    }
  }

  /** Ends the snapshot. */
  async close(): Promise<void> {
    await this.#leave(this.#lead, new Error('the snapshot was closed'))
  }

  /** Has the server end a query, and waits a little until it has. */
  async #cancel(pid: number, work: Promise<unknown>): Promise<void> {
    try {
      await within(
        CANCEL,
        NEVER,
        this.#lead.run((sql) => sql`SELECT pg_cancel_backend(${pid})`),
      )
      await within(CANCEL, NEVER, work)
    } catch {
      // The query's own failure is what was wanted; anything else shows when the connection is asked next.
    }
  }

  /** Ends a connection's transaction and gives the connection back, or cuts it if it does not answer. */
  async #leave(connection: Connection, reason: unknown): Promise<void> {
    try {
      await within(CANCEL, NEVER, connection.commit())
      this.#pool.release(connection)
    } catch {
      this.#pool.discard(connection, reason)
    }
  }
}
