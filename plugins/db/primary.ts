import type { DatabaseUrl } from '../../src/config/database-url.ts'
import { describeError } from '../../src/finding.ts'
import { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'

/** Opens a connection, outside of the pool, to the first endpoint that is not a standby. Rejects with the reason of each. */
export async function openPrimary(
  url: DatabaseUrl,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<Connection> {
  const reasons: string[] = []
  for (const endpoint of url.endpoints) {
    try {
      const [connection, role] = await Connection.open(url, endpoint, dialect, signal)
      if (!role.inRecovery) return connection
      reasons.push(`${endpoint.name}: it is a standby`)
      await connection.close()
    } catch (error) {
      signal.throwIfAborted()
      reasons.push(`${endpoint.name}: ${describeError(error)}`)
    }
  }
  throw new Error(reasons.join('; '))
}
