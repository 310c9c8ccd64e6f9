import type { Endpoint } from '../../src/config/database-url.ts'
import { within } from '../../src/time/deadline.ts'
import { GRACE } from './connection.ts'
import type { Pool } from './pool.ts'

/**
 * Makes the server cancel the query that one of its processes runs, through a connection that has nothing else to do.
 * Resolves to whether the server could be reached; it never rejects.
 */
export async function cancelQuery(pool: Pool, endpoint: Endpoint, pid: number | null): Promise<boolean> {
  if (pid === null) return true
  try {
    const [other] = await pool.open(endpoint, AbortSignal.timeout(GRACE))
    try {
      await within(
        other.run((sql) => sql`SELECT pg_catalog.pg_cancel_backend(${pid}::int)`),
        { ms: GRACE },
      )
    } catch {
      // The query has failed anyway. Whether it has ended shows when its connection is asked next.
    }
    pool.release(other)
    return true
  } catch {
    return false
  }
}
