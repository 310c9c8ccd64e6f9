import type { Test } from 'tap'
import { Connection } from '../plugins/db/connection.ts'
import { Dialect } from '../plugins/db/dialect.ts'
import { parseDatabaseUrl } from '../src/config/database-url.ts'
import type { Client } from '../src/query/client.ts'

/** The client of a session of the service's own with the first server of a URL. */
export async function connect(t: Test, text: string): Promise<Client> {
  const url = parseDatabaseUrl(text)
  const [endpoint] = url.endpoints
  if (endpoint === undefined) throw new Error(`${text} names no server`)
  const [connection] = await Connection.open(
    url,
    endpoint,
    new Dialect(() => {}),
    new AbortController().signal,
  )
  t.teardown(() => connection.close())
  return connection.run(async (sql) => sql)
}
