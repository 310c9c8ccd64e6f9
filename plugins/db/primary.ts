import type { DatabaseUrl } from '../../src/config/database-url.ts'
import { describeError } from '../../src/finding.ts'
import { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'

/**
 * Opens a connection, outside of the pool, to an endpoint that is not a standby: the first that answers, because all are
 * asked at once. Rejects with the reason of each.
 */
export async function openPrimary(
  url: DatabaseUrl,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<Connection> {
  const attempts = url.endpoints.map(async (endpoint) => {
    try {
      const [connection, role] = await Connection.open(url, endpoint, dialect, signal)
      if (!role.inRecovery) return connection
      await connection.close()
    } catch (error) {
      throw new Error(`${endpoint.name}: ${describeError(error)}`, { cause: error })
    }
    throw new Error(`${endpoint.name}: it is a standby`)
  })
  const first = await Promise.any(attempts).catch(({ errors }: AggregateError) => {
    signal.throwIfAborted()
    throw new Error(errors.map(({ message }) => message).join('; '), { cause: errors[0] })
  })
  for (const attempt of attempts) {
    attempt.then(
      (connection) => (connection === first ? undefined : connection.close()),
      () => {},
    )
  }
  return first
}
