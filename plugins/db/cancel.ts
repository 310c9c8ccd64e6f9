import { within } from '../../src/time/deadline.ts'
import type { Connection } from './connection.ts'

/** Milliseconds for the server to cancel a query, or to end a transaction: neither takes long where it answers at all. */
export const GRACE = 1000

/** Makes the server cancel the query that one of its processes runs. Rejects never. */
export async function cancelQuery(from: Connection, pid: number | null): Promise<void> {
  if (pid === null) return
  const work = from.run((sql) => sql`SELECT pg_cancel_backend(${pid})`)
  await within(work, { ms: GRACE }).catch(() => {
    // The query has failed anyway. Whether its connection can still be used shows when it is asked next.
  })
}
