import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'
import { Mistake } from '../../src/finding.ts'
import type { Client } from '../../src/query/client.ts'
import type { Begun, Session, Standing } from '../../src/query/db.ts'
import { within } from '../../src/time/deadline.ts'
import { isAnswer } from './answer.ts'
import type { Dialect } from './dialect.ts'
import { Link } from './link.ts'
import { checkPlace, PROBES, withAdvice } from './pooler.ts'
import {
  beginStatements,
  begunOf,
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
/** One connection to one endpoint, and the transactions that are run on it. */
export class Connection extends Link implements Session {
  /** Whether it was used before, and so may have been lost while it was idle. */
  reused = false
  /** Whether the server was a standby when the connection was opened; it may have been promoted since. */
  #standby = false
  readonly #dialect: Dialect
  readonly #searchPath: string
  /** Whether it was found that all of a transaction runs on one server. */
  #probed = false

  private constructor(url: DatabaseUrl, endpoint: Endpoint, dialect: Dialect) {
    super(url, endpoint)
    this.#dialect = dialect
    this.#searchPath = url.searchPath
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
      return [connection, connection.#withExpiry(standing)]
    } catch (error) {
      connection.destroy(error)
      throw error
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
    return this.#withExpiry(begun)
  }

  #withExpiry<T extends Standing>(standing: T): T {
    return this.expires === undefined ? standing : { ...standing, expires: this.expires }
  }

  /**
   * Ends the transaction, whatever its state is, and undoes what a function in a query did in it: settings of the session,
   * notifications, large objects; and what would outlive it.
   */
  async rollback(): Promise<void> {
    await this.#adapt(() => this.run((sql) => sql.unsafe(rollbackStatements(this.#dialect))), 'SELECT 1')
  }

  /**
   * Runs a query within the transaction, with a timeout of its own in milliseconds, and then undoes both.
   * https://www.postgresql.org/docs/current/sql-savepoint.html
   */
  async runInSavepoint<T>(timeout: number, query: (sql: Client) => PromiseLike<T>): Promise<T> {
    const start = () => `SAVEPOINT collector; ${limitStatements(timeout, this.#dialect)} SELECT ${OWN_NAME} 1`
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
}
