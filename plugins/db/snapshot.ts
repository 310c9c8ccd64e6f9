import postgres from 'postgres'
import type { Endpoint } from '../../src/config/database-url.ts'
import { cut } from '../../src/finding.ts'
import type { Client } from '../../src/query/client.ts'
import type { Begun, Snapshot } from '../../src/query/db.ts'
import { deadline, within } from '../../src/time/deadline.ts'
import { runAlone } from './alone.ts'
import type { Connection } from './connection.ts'
import { Lead } from './lead.ts'
import type { Pool } from './pool.ts'

/** What a snapshot may be called: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION */
const SNAPSHOT_ID = /^[\w-]{1,100}$/

/**
 * The errors of a server that does not have the snapshot: invalid_parameter_value; since PostgreSQL 17 undefined_object;
 * object_not_in_prerequisite_state. Behind an address that balances connections, another server has it.
 */
const NOT_HERE = new Set(['22023', '42704', '55000'])

export interface SnapshotOptions {
  readonly pool: Pool
  readonly endpoint: Endpoint
  /** Whether to run one query at a time, in a single transaction, even where the snapshot could be shared. */
  readonly sequential: boolean
  readonly signal: AbortSignal
  /** Is told when the endpoint turns out to be several servers, which cannot share a snapshot, and their error. */
  unshared(error: Error): void
}

/**
 * A snapshot over connections of the pool. A query runs in the lead while that has nothing else to do. Otherwise it has
 * a transaction of its own beside it, which takes the snapshot over, or waits for the lead where that cannot be.
 * https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
 */
export class PoolSnapshot implements Snapshot {
  readonly #options: SnapshotOptions
  readonly #lead: Lead
  /** The name under which other transactions take the snapshot over; undefined when none can. */
  #exported: string | undefined
  #notHere: Error | undefined

  private constructor(options: SnapshotOptions, lead: Lead, exported?: string) {
    this.#options = options
    this.#lead = lead
    this.#exported = exported
  }

  static async take(options: SnapshotOptions): Promise<PoolSnapshot> {
    const { pool, endpoint, sequential, signal } = options
    const transaction = { statementTimeout: pool.connectTimeout }
    for (;;) {
      const [connection, begun] = await pool.begin(endpoint, transaction, signal)
      if (sequential || !pool.dialect.has('pg_export_snapshot')) {
        return new PoolSnapshot(options, new Lead(pool, connection, begun))
      }
      try {
        // Now, even if no other transaction needs it: a lead that runs a query cannot export it any more.
        const work = connection.run(
          (sql) => sql<[{ id: string }]>`SELECT /* metrics-service */ pg_catalog.pg_export_snapshot() AS id`,
        )
        const [{ id }] = await within(work, { ms: pool.connectTimeout, signal })
        // It becomes part of a statement.
        if (!SNAPSHOT_ID.test(id))
          throw new Error(`the server calls a snapshot ${JSON.stringify(cut(id, 100))}`)
        return new PoolSnapshot(options, new Lead(pool, connection, begun), id)
      } catch (error) {
        pool.discard(connection, error)
        if (!pool.dialect.noteMissing(error)) throw error
      }
    }
  }

  get endpoint(): Endpoint {
    return this.#options.endpoint
  }

  get begun(): Begun {
    return this.#lead.begun
  }

  get sequential(): boolean {
    return this.#exported === undefined
  }

  get lost(): boolean {
    return this.#lead.connection.lost
  }

  async run<T>(timeout: number, signal: AbortSignal, query: (sql: Client) => PromiseLike<T>): Promise<T> {
    if (this.#lead.busy && this.#exported !== undefined && !this.lost) {
      const started = performance.now()
      const joined = await this.#join(this.#exported, timeout, signal)
      if (joined !== undefined) {
        const [connection, { pid }] = joined
        const left = Math.max(timeout - (performance.now() - started), 0)
        return runAlone({ pool: this.#options.pool, connection, pid, timeout: left, signal, query })
      }
    }
    return this.#lead.run(timeout, signal, query)
  }

  /** Starts another transaction that reads the snapshot; undefined when there can be none. */
  async #join(
    snapshot: string,
    timeout: number,
    signal: AbortSignal,
  ): Promise<[Connection, Begun] | undefined> {
    const transaction = { snapshot, statementTimeout: timeout }
    try {
      return await deadline((signal) => this.#options.pool.begin(this.endpoint, transaction, signal), {
        ms: timeout,
        signal,
      })
    } catch (error) {
      signal.throwIfAborted()
      // Not tried again: each would be a wait, or one more connection that the server refuses.
      this.#exported = undefined
      if (error instanceof postgres.PostgresError && NOT_HERE.has(error.code)) this.#notHere = error
      return undefined
    }
  }

  /** Ends the snapshot and its session: nothing was asked in it. */
  async abandon(): Promise<void> {
    await this.#lead.end(true)
  }

  async close(): Promise<void> {
    await this.#lead.end()
    // A lead that is gone takes the snapshot with it, wherever that was asked for.
    if (this.#notHere !== undefined && !this.lost) this.#options.unshared(this.#notHere)
    this.#options.pool.trim()
  }
}
