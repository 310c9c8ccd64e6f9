import type { DatabaseUrl } from '../../src/config/database-url.ts'
import { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { firstOf } from './first.ts'

/** Opens a connection, outside of the pool, to the first endpoint that is not a standby. Rejects with the reason of each. */
export async function openPrimary(
  url: DatabaseUrl,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<Connection> {
  return firstOf(url.endpoints, signal, async (endpoint) => {
    const [connection, role] = await Connection.open(url, endpoint, dialect, signal)
    if (!role.inRecovery) return connection
    await connection.close()
    throw new Error('it is a standby')
  })
}
