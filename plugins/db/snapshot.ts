import type { Sql } from 'postgres'
import type { Endpoint } from '../../src/config/database-url.ts'
import type { Begun, Snapshot } from '../../src/query/db.ts'
import { deadline, within } from '../../src/time/deadline.ts'
import { cancelQuery, GRACE } from './cancel.ts'
import { type Connection, isAnswer } from './connection.ts'
import type { Pool } from './pool.ts'

/** Milliseconds that the server has, after a query's timeout, to end the query by itself. */
const SERVER_FIRST = 500

export interface SnapshotOptions {
  readonly pool: Pool
  readonly endpoint: Endpoint
  /** Milliseconds after which the server ends the snapshot when it is idle. */
  readonly lifetime: number
  /** Whether to run one query at a time, in a single transaction, even where the snapshot could be shared. */
  readonly sequential: boolean
  readonly signal: AbortSignal
}

/** The lead: the transaction that a snapshot is taken in, and lasts as long as. */
interface Lead {
  readonly connection: Connection
  readonly begun: Begun
  /** The name under which other transactions can take the snapshot over; undefined when it was not exported. */
  readonly exported: string | undefined
}

/**
 * A snapshot over connections of the pool. The lead exports it, and each query has a transaction of its own, which takes
 * it over. Where it cannot be exported, the queries run in the lead itself, one after another.
 * https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
 */
export class PoolSnapshot implements Snapshot {
  readonly #pool: Pool
  readonly #lifetime: number
  readonly #lead: Lead

  private constructor({ pool, lifetime }: SnapshotOptions, lead: Lead) {
    this.#pool = pool
    this.#lifetime = lifetime
    this.#lead = lead
  }

  static async take(options: SnapshotOptions): Promise<PoolSnapshot> {
    const { pool, endpoint, lifetime, sequential, signal } = options
    const limits = { statementTimeout: pool.connectTimeout, idleTimeout: lifetime }
    for (;;) {
      const [connection, begun] = await pool.begin(endpoint, limits, signal)
      if (sequential || !pool.dialect.has('pg_export_snapshot')) {
        return new PoolSnapshot(options, { connection, begun, exported: undefined })
      }
      try {
        const work = connection.run((sql) => sql<[{ id: string }]>`SELECT pg_export_snapshot() AS id`)
        const [{ id }] = await within(work, { ms: pool.connectTimeout, signal })
        return new PoolSnapshot(options, { connection, begun, exported: id })
      } catch (error) {
        pool.discard(connection, error)
        if (!pool.dialect.noteMissing(error)) throw error
      }
    }
  }

  get endpoint(): Endpoint {
    return this.#lead.connection.endpoint
  }

  get begun(): Begun {
    return this.#lead.begun
  }

  get sequential(): boolean {
    return this.#lead.exported === undefined
  }

  get lost(): boolean {
    return this.#lead.connection.lost
  }

  async run<T>(timeout: number, signal: AbortSignal, query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    if (this.lost) throw new Error('the snapshot was lost: the connection that leads it is gone')
    const { exported } = this.#lead
    return exported === undefined
      ? this.#runInLead(timeout, signal, query)
      : this.#runBeside(exported, timeout, signal, query)
  }

  /** Runs a query in a transaction of its own. If the server does not end it in time, cancels it and cuts its connection. */
  async #runBeside<T>(
    snapshot: string,
    timeout: number,
    signal: AbortSignal,
    query: (sql: Sql) => PromiseLike<T>,
  ): Promise<T> {
    const started = performance.now()
    const transaction = { snapshot, statementTimeout: timeout, idleTimeout: timeout }
    const [connection, { pid }] = await deadline(
      (signal) => this.#pool.begin(this.endpoint, transaction, signal),
      {
        ms: timeout,
        signal,
      },
    )
    const work = connection.run(query)
    try {
      const left = Math.max(timeout - (performance.now() - started), 0) + SERVER_FIRST
      const result = await within(work, { ms: left, signal })
      await within(connection.commit(), { ms: GRACE, signal })
      this.#pool.release(connection)
      return result
    } catch (error) {
      // Unless the server has ended the query, it may still run, even if its result is not waited for any more.
      if (!isAnswer(error) && !connection.lost) {
        await cancelQuery(this.#lead.connection, pid)
        await within(work, { ms: GRACE }).catch(() => {})
      }
      await this.#end(connection, error)
      throw error
    }
  }

  /** Runs a query in the lead. If the query can be neither ended nor cancelled, the snapshot is lost. */
  async #runInLead<T>(timeout: number, signal: AbortSignal, query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    const { connection } = this.#lead
    const limits = { statementTimeout: timeout, idleTimeout: this.#lifetime }
    try {
      return await within(connection.runInSavepoint(limits, query), { ms: timeout + SERVER_FIRST, signal })
    } catch (error) {
      if (!isAnswer(error) && !this.lost) await this.#recover(error)
      throw error
    }
  }

  /** Makes the lead usable again after a query that may still run on it. */
  async #recover(reason: unknown): Promise<void> {
    const { connection, begun } = this.#lead
    try {
      const [other] = await this.#pool.open(this.endpoint, AbortSignal.timeout(GRACE))
      await cancelQuery(other, begun.pid)
      this.#pool.release(other)
      await within(connection.rollbackToSavepoint(), { ms: GRACE })
    } catch {
      connection.destroy(reason)
    }
  }

  async close(): Promise<void> {
    await this.#end(this.#lead.connection, new Error('the snapshot was closed'))
  }

  /** Ends the snapshot and its session: nothing was asked in it. */
  async abandon(): Promise<void> {
    await this.#pool.close(this.#lead.connection)
  }

  /** Ends a connection's transaction and gives the connection back, or cuts it if it does not answer. */
  async #end(connection: Connection, reason: unknown): Promise<void> {
    try {
      await within(connection.commit(), { ms: GRACE })
      this.#pool.release(connection)
    } catch {
      this.#pool.discard(connection, reason)
    }
  }
}
