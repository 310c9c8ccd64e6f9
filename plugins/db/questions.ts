import type { Client } from '../../src/query/client.ts'
import type { Begun } from '../../src/query/db.ts'
import { deadline } from '../../src/time/deadline.ts'
import { runAlone } from './alone.ts'
import type { Endpoints } from './endpoints.ts'
import { firstOf } from './first.ts'
import type { Pool } from './pool.ts'

/**
 * Questions outside of rounds, one at a time, on a connection that is open only meanwhile: however many are asked, and
 * however long one takes, the rounds have all of theirs.
 */
export class Questions {
  readonly #pool: Pool
  readonly #endpoints: Endpoints
  #current: Promise<unknown> | undefined

  /** `pool` is a pool of their own. */
  constructor(pool: Pool, endpoints: Endpoints) {
    this.#pool = pool
    this.#endpoints = endpoints
  }

  get asking(): boolean {
    return this.#current !== undefined
  }

  /** Asks a question. Rejects when another one is being asked. */
  async ask<T>(
    timeout: number,
    signal: AbortSignal,
    query: (sql: Client, begun: Begun) => PromiseLike<T>,
  ): Promise<T> {
    if (this.asking) throw new Error('another question is being asked')
    const asked = this.#askNow(timeout, signal, query).finally(async () => {
      await this.#pool.drain()
      this.#current = undefined
    })
    this.#current = asked
    return asked
  }

  /** Waits for the question that is being asked. */
  async close(): Promise<void> {
    await this.#current?.catch(() => {})
  }

  async #askNow<T>(
    timeout: number,
    signal: AbortSignal,
    query: (sql: Client, begun: Begun) => PromiseLike<T>,
  ): Promise<T> {
    const pool = this.#pool
    const transaction = { statementTimeout: timeout }
    const begin = (signal: AbortSignal) =>
      firstOf(this.#endpoints.ranked(new Map()), signal, (endpoint) =>
        pool.begin(endpoint, transaction, signal),
      )
    const [connection, begun] = await deadline(begin, { ms: timeout, signal })
    const { pid } = begun
    return runAlone({ pool, connection, pid, timeout, signal, query: (sql) => query(sql, begun) })
  }
}
