import type { Client } from '../../src/query/client.ts'
import type { Begun } from '../../src/query/db.ts'
import { LostError } from '../../src/query/lost.ts'
import { within } from '../../src/time/deadline.ts'
import { SERVER_FIRST } from './alone.ts'
import { isAnswer, isLoss } from './answer.ts'
import { endQuery } from './cancel.ts'
import { Capacity } from './capacity.ts'
import type { Connection } from './connection.ts'
import type { Pool } from './pool.ts'

/** Milliseconds after which an idle lead is used, so that nothing that ends idle transactions ends it. */
const KEEP_ALIVE = 500
const NEVER = new AbortController().signal

/** The lead: the transaction that a snapshot is taken in, and lasts as long as. It runs one query at a time. */
export class Lead {
  readonly connection: Connection
  readonly begun: Begun
  readonly #pool: Pool
  readonly #turns = new Capacity(1)
  /** Queries that run or wait. */
  #users = 0
  #timer: NodeJS.Timeout | undefined
  #ending = false

  constructor(pool: Pool, connection: Connection, begun: Begun) {
    this.#pool = pool
    this.connection = connection
    this.begun = begun
    this.#keepAlive()
  }

  /** Whether a query runs in it or waits for it. */
  get busy(): boolean {
    return this.#users > 0
  }

  /**
   * Runs a query in a savepoint when those before it have ended. Rejects with a LostError when the lead is lost; what
   * cannot be cancelled is cut, and the lead is lost with it.
   */
  async run<T>(timeout: number, signal: AbortSignal, query: (sql: Client) => PromiseLike<T>): Promise<T> {
    this.#users++
    clearTimeout(this.#timer)
    try {
      await this.#turns.take(signal)
      try {
        return await this.#runNow(timeout, signal, query)
      } finally {
        this.#turns.give()
      }
    } finally {
      this.#users--
      if (!this.busy) this.#keepAlive()
    }
  }

  async #runNow<T>(timeout: number, signal: AbortSignal, query: (sql: Client) => PromiseLike<T>): Promise<T> {
    const { connection } = this
    if (connection.lost) throw new LostError(new Error('the snapshot was lost: its connection is gone'))
    try {
      return await within(connection.runInSavepoint(timeout, query), { ms: timeout + SERVER_FIRST, signal })
    } catch (error) {
      if (isLoss(error, connection)) {
        if (!isAnswer(error)) connection.destroy(error)
        throw new LostError(error)
      }
      if (isAnswer(error) || connection.lost || (await this.#recover(error))) throw error
      throw new LostError(error)
    }
  }

  /** Makes the lead usable again after a query that may still run in it. Resolves to whether the server was reached. */
  async #recover(reason: unknown): Promise<boolean> {
    const { connection, begun } = this
    const now = await endQuery(this.#pool, connection, begun.pid, () => connection.rollbackToSavepoint())
    if (now !== 'usable') connection.destroy(reason)
    return now !== 'unreached'
  }

  /** Ends the transaction and gives the connection back, or cuts it if it does not answer; `session` ends that, too. */
  async end(session = false): Promise<void> {
    this.#ending = true
    clearTimeout(this.#timer)
    if (session) await this.#pool.close(this.connection)
    else await this.#pool.end(this.connection, new Error('the snapshot was closed'))
  }

  #keepAlive(): void {
    if (this.#ending || this.connection.lost) return
    this.#timer = setTimeout(() => this.#ping(), KEEP_ALIVE)
  }

  async #ping(): Promise<void> {
    // It has a turn as a query has: while that waits for its rows, the connection asks nothing else.
    await this.#turns.take(NEVER)
    try {
      const ping = this.connection.run((sql) => sql`SELECT /* metrics-service */ 1`)
      await within(ping, { ms: this.#pool.connectTimeout })
    } catch (error) {
      this.connection.destroy(error)
    } finally {
      this.#turns.give()
    }
    if (!this.busy) this.#keepAlive()
  }
}
