import type { Client } from '../../src/query/client.ts'
import { LostError } from '../../src/query/lost.ts'
import { within } from '../../src/time/deadline.ts'
import { isAnswer, isLoss } from './answer.ts'
import { endQuery } from './cancel.ts'
import { type Connection, GRACE } from './connection.ts'
import type { Pool } from './pool.ts'

/** Milliseconds that the server has, after a query's timeout, to end the query by itself. */
export const SERVER_FIRST = 500

/** A query in a transaction of its own. */
export interface AloneOptions<T> {
  readonly pool: Pool
  /** The connection on which the transaction has begun, and the server's process. */
  readonly connection: Connection
  readonly pid: number | null
  /** Milliseconds that the query has. */
  readonly timeout: number
  readonly signal: AbortSignal
  readonly query: (sql: Client) => PromiseLike<T>
}

/**
 * Runs a query in a transaction that nothing else runs in, and then gives the connection back. If the server does not end
 * the query in time, cancels it. Rejects with a LostError when the connection was lost.
 */
export async function runAlone<T>(options: AloneOptions<T>): Promise<T> {
  const { pool, connection, pid, timeout, signal, query } = options
  const rollback = () => connection.rollback()
  try {
    const result = await within(connection.run(query), { ms: timeout + SERVER_FIRST, signal })
    await within(rollback(), { ms: GRACE, signal })
    pool.release(connection)
    return result
  } catch (error) {
    if (isAnswer(error) || connection.lost) {
      const lost = isLoss(error, connection)
      await pool.end(connection, error)
      throw lost ? new LostError(error) : error
    }
    // Unless the server has ended the query, it may still run, even if its result is not waited for any more.
    const now = await endQuery(pool, connection, pid, rollback)
    const lost = now === 'unreached' || isLoss(error, connection)
    if (now === 'usable') pool.release(connection)
    else pool.discard(connection, error)
    throw lost ? new LostError(error) : error
  }
}
