import type { Endpoint } from '../../src/config/database-url.ts'
import { within } from '../../src/time/deadline.ts'
import { GRACE } from './connection.ts'
import type { Pool } from './pool.ts'

/**
 * Makes the server cancel the query that one of its processes runs, through a connection that has nothing else to do.
 * Resolves to whether the server could be reached; it never rejects.
 */
export function cancelQuery(pool: Pool, endpoint: Endpoint, pid: number | null): Promise<boolean> {
  return signal(pool, endpoint, pid, 'cancel')
}

/**
 * Makes the server end one of its processes, in the same way: a query that takes no notice of being cancelled would run
 * on, and others like it would use up the connections of the role.
 */
export function endBackend(pool: Pool, endpoint: Endpoint, pid: number | null): Promise<boolean> {
  return signal(pool, endpoint, pid, 'terminate')
}

async function signal(
  pool: Pool,
  endpoint: Endpoint,
  pid: number | null,
  how: 'cancel' | 'terminate',
): Promise<boolean> {
  if (pid === null) return true
  try {
    const [other] = await pool.open(endpoint, AbortSignal.timeout(GRACE))
    try {
      const asked = other.run((sql) =>
        how === 'cancel'
          ? sql`SELECT pg_catalog.pg_cancel_backend(${pid}::int)`
          : sql`SELECT pg_catalog.pg_terminate_backend(${pid}::int)`,
      )
      await within(asked, { ms: GRACE })
    } catch {
      // The query has failed anyway. Whether it has ended shows when its connection is asked next.
    }
    pool.release(other)
    return true
  } catch {
    return false
  }
}
