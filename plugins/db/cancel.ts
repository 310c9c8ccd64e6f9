import { within } from '../../src/time/deadline.ts'
import { type Connection, GRACE } from './connection.ts'
import type { Pool } from './pool.ts'

/**
 * Makes the server cancel the query that a connection runs, and waits until that has `ended`. A query that takes no notice
 * would run on, and others like it would use up the connections of the role: then the session is ended, and this waits
 * until the server has closed it. It never rejects. Resolves to what has become of the connection: `unreached` when the
 * server could not be told.
 */
export async function endQuery(
  pool: Pool,
  connection: Connection,
  pid: number | null,
  ended: () => Promise<unknown>,
): Promise<'usable' | 'lost' | 'unreached'> {
  if (!(await signal(pool, connection, pid, 'cancel'))) return 'unreached'
  try {
    await within(ended(), { ms: GRACE })
    return 'usable'
  } catch (error) {
    if (!connection.lost) {
      await signal(pool, connection, pid, 'terminate')
      await within(connection.closed, { ms: GRACE }).catch(() => {})
      connection.destroy(error)
    }
    return 'lost'
  }
}

/** Sends a signal to the server's process of a connection, through one that has nothing else to do. */
async function signal(
  pool: Pool,
  { endpoint }: Connection,
  pid: number | null,
  how: 'cancel' | 'terminate',
): Promise<boolean> {
  if (pid === null) return true
  try {
    await pool.spares.use(endpoint, AbortSignal.timeout(GRACE), (spare) =>
      spare.run((sql) =>
        how === 'cancel'
          ? sql`SELECT /* metrics-service */ pg_catalog.pg_cancel_backend(${pid}::int)`
          : sql`SELECT /* metrics-service */ pg_catalog.pg_terminate_backend(${pid}::int)`,
      ),
    )
    return true
  } catch {
    return false
  }
}
