import type { Endpoint } from '../../src/config/database-url.ts'
import { within } from '../../src/time/deadline.ts'
import { isAnswer } from './answer.ts'
import { Capacity } from './capacity.ts'
import { type Connection, GRACE } from './connection.ts'

/** The pool that lends them. */
interface Lender {
  take(endpoint: Endpoint, signal: AbortSignal): Promise<Connection>
  release(connection: Connection): void
  discard(connection: Connection, reason: unknown): void
}

/** The connections of a pool that have nothing else to do, for those who want one for a moment. */
export class Spares {
  readonly #pool: Lender
  readonly #turn = new Capacity(1)

  constructor(pool: Lender) {
    this.#pool = pool
  }

  /**
   * Uses a connection until `signal` aborts. One caller after the other has it, so that many together need one connection,
   * and open it once.
   */
  async use(
    endpoint: Endpoint,
    signal: AbortSignal,
    work: (spare: Connection) => Promise<unknown>,
  ): Promise<void> {
    const pool = this.#pool
    await this.#turn.take(signal)
    try {
      const spare = await pool.take(endpoint, signal)
      try {
        await within(work(spare), { ms: GRACE, signal })
        pool.release(spare)
      } catch (error) {
        if (isAnswer(error)) pool.release(spare)
        else pool.discard(spare, error)
        throw error
      }
    } finally {
      this.#turn.give()
    }
  }
}
