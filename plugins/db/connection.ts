import type { Duplex } from 'node:stream'
import type { Sql } from 'postgres'
import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'
import { Mistake } from '../../src/finding.ts'
import type { Begun, Session, Standing } from '../../src/query/db.ts'
import { within } from '../../src/time/deadline.ts'
import { isAnswer } from './answer.ts'
import { createClient } from './client.ts'
import type { Dialect } from './dialect.ts'
import { checkPlace, PROBES, withAdvice } from './pooler.ts'
import { openGuarded } from './socket.ts'
import {
  beginStatements,
  begunOf,
  type Limits,
  limitStatements,
  OWN_NAME,
  replayedStatements,
  restrictStatements,
  rollbackStatements,
  searchPathStatement,
  standingOf,
  standingStatements,
  type Transaction,
} from './transaction.ts'

/** Milliseconds for the server to cancel a query, or to end a transaction: neither takes long where it answers at all. */
export const GRACE = 1000
/** Milliseconds for the server to close a session. */
const CLOSE_TIMEOUT = 1000

/**
 * One connection to one endpoint. It never reconnects: a client that did would run the rest of a transaction outside
 * of it. So each has a client of its own, whose socket can be destroyed when the network does not answer.
 */
export class Connection implements Session {
  readonly endpoint: Endpoint
  /** Milliseconds of the monotonic clock. */
  readonly openedAt = performance.now()
  /** Whether it was used before, and so may have been lost while it was idle. */
  reused = false
  /** Whether the server was a standby when the connection was opened; it may have been promoted since. */
  #standby = false
  readonly #dialect: Dialect
  readonly #searchPath: string
  readonly #sql: Sql
  #connected = false
  #user: string | undefined
  /** Whether it was found that all of a transaction runs on one server. */
  #probed = false
  #lost = false
  readonly #cut = new AbortController()
  readonly #closed = Promise.withResolvers<void>()
  /** Rejects each running query: the client leaves them pending when the network stops answering. */
  readonly #running = new Set<(reason: unknown) => void>()

  private constructor(url: DatabaseUrl, endpoint: Endpoint, dialect: Dialect) {
    this.endpoint = endpoint
    this.#dialect = dialect
    this.#searchPath = url.searchPath
    this.#sql = createClient(endpoint, {
      socket: () => this.#connect(url),
      onclose: () => this.destroy(new Error('the server closed the connection')),
    })
  }

  /**
   * Opens a connection, and asks the server what it is. Rejects when there is no answer within the URL's
   * connect_timeout.
   */
  static async open(
    url: DatabaseUrl,
    endpoint: Endpoint,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<[Connection, Standing]> {
    const connection = new Connection(url, endpoint, dialect)
    const ask = () =>
      connection.#adapt(() => connection.run((sql) => sql.unsafe(standingStatements(dialect))))
    try {
      const standing = standingOf(await within(ask(), { ms: url.connectTimeout, signal }))
      connection.#standby = standing.inRecovery
      return [connection, standing]
    } catch (error) {
      connection.destroy(error)
      throw error
    }
  }

  get lost(): boolean {
    return this.#lost
  }

  /** Resolves when it is closed. The server closes its end only when the session is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Runs a query. Rejects as soon as the connection is lost. */
  async run<T>(query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    if (this.#lost) throw new Error('the connection is lost')
    const { promise, reject } = Promise.withResolvers<never>()
    this.#running.add(reject)
    try {
      return await Promise.race([query(this.#sql), promise])
    } catch (error) {
      // Whom to grant what is lacking, which the server does not say.
      if (isAnswer(error)) Object.assign(error, { role: this.#user })
      throw error
    } finally {
      this.#running.delete(reject)
    }
  }

  /**
   * Starts a read-only transaction, in one round trip.
   * https://www.postgresql.org/docs/current/sql-set-transaction.html
   */
  async begin(transaction: Transaction): Promise<Begun> {
    const asks = this.#standby && transaction.snapshot === undefined
    const [results = [], , ...answers] = await this.#adapt(() => {
      const before = asks ? replayedStatements(this.#dialect) : ''
      const start = before + beginStatements(transaction, this.#dialect)
      const probes = this.#probed || !this.#dialect.has('pg_backend_pid') ? [] : PROBES
      return this.#runEach([start, searchPathStatement(this.#searchPath, this.#dialect), ...probes])
    })
    const begun = begunOf(results, asks)
    checkPlace(begun, answers)
    this.#probed = true
    return begun
  }

  /**
   * Ends the transaction, whatever its state is, and undoes what a function in a query did in it: settings of the session,
   * notifications, large objects; and what would outlive it.
   */
  async rollback(): Promise<void> {
    await this.#adapt(() => this.run((sql) => sql.unsafe(rollbackStatements(this.#dialect))), 'SELECT 1')
  }

  /**
   * Runs a query within the transaction, with limits of its own, and then undoes both.
   * https://www.postgresql.org/docs/current/sql-savepoint.html
   */
  async runInSavepoint<T>(limits: Limits, query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    const start = () => `SAVEPOINT collector; ${limitStatements(limits, this.#dialect)} SELECT ${OWN_NAME} 1`
    await this.#adapt(() => this.run((sql) => sql.unsafe(start())), 'ROLLBACK TO SAVEPOINT collector')
    try {
      const result = await this.run(query)
      // To release the savepoint would keep the settings that were made within it.
      await this.rollbackToSavepoint()
      return result
    } catch (error) {
      if (isAnswer(error)) await this.rollbackToSavepoint()
      throw error
    }
  }

  /**
   * Undoes what a query did within the transaction. Waits for one that is still running. Cuts the connection when the
   * query has ended the transaction, because nothing else may run outside of it.
   */
  async rollbackToSavepoint(): Promise<void> {
    try {
      const statements = () => rollbackStatements(this.#dialect, 'collector')
      await this.#adapt(() => this.run((sql) => sql.unsafe(statements())), 'ROLLBACK TO SAVEPOINT collector')
    } catch (error) {
      if (!isAnswer(error)) throw error
      this.destroy(error)
      throw new Mistake('its query ended the transaction that it ran in', 'write one SELECT', {
        cause: error,
      })
    }
  }

  /**
   * Makes the session one that asks nothing but questions of our own: read-only, with PostgreSQL's names, and ended by the
   * server when it is idle for this many milliseconds, as far as the engine can.
   */
  async restrict(milliseconds: number): Promise<void> {
    await this.#adapt(
      () => this.run((sql) => sql.unsafe(restrictStatements(milliseconds, this.#dialect))),
      'SELECT 1',
    )
  }

  /**
   * Runs texts of statements one after the other, and stops at an error. It waits between them only in a session that is not
   * probed yet: what closes a connection before it has read everything may take its reason along.
   */
  async #runEach(texts: readonly string[]): Promise<(readonly unknown[])[]> {
    const send = (text: string) => this.run((sql) => sql.unsafe(text))
    if (this.#probed) return Promise.all(texts.map(send))
    const results: (readonly unknown[])[] = []
    for (const text of texts) results.push(await send(text))
    return results
  }

  /** Runs statements, and again without each feature that the engine turns out to lack, after `undo`. */
  async #adapt<T>(statements: () => Promise<T>, undo = 'ROLLBACK'): Promise<T> {
    for (;;) {
      try {
        return await statements()
      } catch (error) {
        if (!this.#dialect.noteMissing(error)) throw withAdvice(error)
        await this.run((sql) => sql.unsafe(undo))
      }
    }
  }

  /** Ends the session, and waits for the server to close it, for a second at most. */
  async close(): Promise<void> {
    await this.#sql.end({ timeout: CLOSE_TIMEOUT / 1000 }).catch(() => {})
    this.destroy(new Error('the connection was closed'))
  }

  /** Cuts the connection at once. Each query that still runs on it rejects with the reason. */
  destroy(reason: unknown): void {
    if (this.#lost) return
    this.#lost = true
    for (const reject of this.#running) reject(reason)
    this.#cut.abort(reason)
    void this.#sql.end({ timeout: 0 }).catch(() => {})
  }

  /** Opens the session that the client speaks through: once, because it must not reconnect. */
  async #connect(url: DatabaseUrl): Promise<Duplex> {
    if (this.#lost || this.#connected) throw new Error('the server closed the connection')
    this.#connected = true
    const { guard, user } = await openGuarded(this.endpoint, url, this.#cut.signal)
    this.#user = user
    // The client does not listen any more to one that it has let go.
    guard.on('error', (error) => this.destroy(error))
    guard.on('close', () => {
      this.#closed.resolve()
      this.destroy(new Error('the server closed the connection'))
    })
    return guard
  }
}
