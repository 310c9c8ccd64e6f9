import type { Sql } from 'postgres'
import type { Endpoint } from '../../src/config/database-url.ts'
import { deadline, within } from '../../src/time/deadline.ts'
import { type Connection, isAnswer } from './connection.ts'
import type { Pool } from './pool.ts'
import type { Begun } from './transaction.ts'

/** Milliseconds that the server has, after the time a query may take, to end it by itself. */
const SERVER_FIRST = 500
/** Milliseconds for a query to end after it was cancelled on the server. */
const CANCEL = 1000

/**
 * One moment of the database, which queries on several connections see alike: a transaction that leads exports its
 * snapshot, each query's own transaction takes it over. Where it cannot be exported, or when it is not to be, the queries
 * run in the leading transaction itself, one after the other.
 * https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
 */
export class Snapshot {
  readonly #pool: Pool
  readonly #lead: Connection
  readonly #begun: Begun
  /** Milliseconds for which the server keeps the lead waiting. */
  readonly #hold: number
  /** Undefined when it was not exported. */
  readonly #id: string | undefined

  private constructor(pool: Pool, lead: Connection, begun: Begun, hold: number, id: string | undefined) {
    this.#pool = pool
    this.#lead = lead
    this.#begun = begun
    this.#hold = hold
    this.#id = id
  }

  /**
   * Takes a snapshot on an endpoint, for several connections to share unless `alone`. The server gives it up when it
   * hears nothing for `hold` milliseconds.
   */
  static async take(
    pool: Pool,
    endpoint: Endpoint,
    connectTimeout: number,
    hold: number,
    signal: AbortSignal,
    alone: boolean,
  ): Promise<Snapshot> {
    const limits = { statementTimeout: connectTimeout, idleTimeout: hold }
    const [lead, begun] = await pool.begin(endpoint, limits, signal)
    if (alone || !pool.dialect.has('pg_export_snapshot'))
      return new Snapshot(pool, lead, begun, hold, undefined)
    try {
      const work = lead.run((sql) => sql<[{ id: string }]>`SELECT pg_export_snapshot() AS id`)
      const [{ id }] = await within(work, { ms: connectTimeout, signal })
      return new Snapshot(pool, lead, begun, hold, id)
    } catch (error) {
      pool.discard(lead, error)
      if (!pool.dialect.learn(error)) throw error
      return Snapshot.take(pool, endpoint, connectTimeout, hold, signal, alone)
    }
  }

  get endpoint(): Endpoint {
    return this.#lead.endpoint
  }

  get begun(): Begun {
    return this.#begun
  }

  /** Whether only one query can run in it at a time. */
  get alone(): boolean {
    return this.#id === undefined
  }

  /** Whether the leading transaction is lost, and with it the snapshot for whatever has not begun. */
  get lost(): boolean {
    return this.#lead.lost
  }

  /**
   * The outcome of a query in this snapshot, within `timeout` milliseconds: the server ends it then, and if that is
   * not to be heard of or `signal` aborts, it is cancelled from another connection and its own is cut.
   */
  async run<T>(timeout: number, signal: AbortSignal, query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    if (this.lost) throw new Error('the snapshot was lost: the connection that leads it is gone')
    if (this.#id === undefined) return this.#runAlone(timeout, signal, query)
    const started = performance.now()
    const transaction = { snapshot: this.#id, statementTimeout: timeout, idleTimeout: timeout }
    const [connection, { pid }] = await deadline(
      (signal) => this.#pool.begin(this.endpoint, transaction, signal),
      { ms: timeout, signal },
    )
    const work = connection.run(query)
    try {
      const left = Math.max(timeout - (performance.now() - started), 0) + SERVER_FIRST
      const result = await within(work, { ms: left, signal })
      await within(connection.commit(), { ms: CANCEL, signal })
      this.#pool.release(connection)
      return result
    } catch (error) {
      // Unless the server has ended it, the query may run on, even when whoever asked has given it up.
      if (!isAnswer(error) && !connection.lost) {
        await this.#cancel(this.#lead, pid)
        await within(work, { ms: CANCEL }).catch(() => {})
      }
      await this.#leave(connection, error)
      throw error
    }
  }

  /** As `run`, in the leading transaction: when the query cannot be ended, the snapshot is lost with it. */
  async #runAlone<T>(timeout: number, signal: AbortSignal, query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    const limits = { statementTimeout: timeout, idleTimeout: this.#hold }
    try {
      return await within(this.#lead.within(limits, query), { ms: timeout + SERVER_FIRST, signal })
    } catch (error) {
      if (!isAnswer(error) && !this.lost) await this.#recover(error)
      throw error
    }
  }

  /** Has the lead go on after a query that may still run on it. */
  async #recover(reason: unknown): Promise<void> {
    try {
      const other = await deadline((signal) => this.#pool.open(this.endpoint, signal), { ms: CANCEL })
      await this.#cancel(other, this.#begun.pid)
      this.#pool.release(other)
      await within(this.#lead.undo(), { ms: CANCEL })
    } catch {
      this.#lead.destroy(reason)
    }
  }

  /** Ends the snapshot. */
  async close(): Promise<void> {
    await this.#leave(this.#lead, new Error('the snapshot was closed'))
  }

  /** Has the server end a query. */
  async #cancel(from: Connection, pid: number | null): Promise<void> {
    if (pid === null) return
    const work = from.run((sql) => sql`SELECT pg_cancel_backend(${pid})`)
    await within(work, { ms: CANCEL }).catch(() => {
      // The query's own failure is what was wanted; anything else shows when the connection is asked next.
    })
  }

  /** Ends a connection's transaction and gives the connection back, or cuts it if it does not answer. */
  async #leave(connection: Connection, reason: unknown): Promise<void> {
    try {
      await within(connection.commit(), { ms: CANCEL })
      this.#pool.release(connection)
    } catch {
      this.#pool.discard(connection, reason)
    }
  }
}
