import fc from 'fast-check'
import { startPostgres } from '../../demo/postgres.ts'
import { Connection } from '../../plugins/db/connection.ts'
import { Dialect } from '../../plugins/db/dialect.ts'
import { parseDatabaseUrl } from '../../src/config/database-url.ts'
import { stream } from '../../src/query/stream.ts'
import { within } from '../../src/time/deadline.ts'
import { poll } from '../poll.ts'
import { record } from './answers.ts'
import { manners } from './manner.ts'
import { fuzz } from './property.ts'
import { RogueServer } from './server.ts'

// Servers that answer as PostgreSQL does, but for a few bytes: a session succeeds or fails, and nothing is left of it.

/** Milliseconds in which a session ends, however the server ends it. */
const LONGEST = 5000

const LIMITS = { statementTimeout: 1000, idleTimeout: 1000 }

/** A session as a round has it. Rejects when any part of it fails. */
async function session(text: string): Promise<void> {
  const url = parseDatabaseUrl(text)
  const [endpoint] = url.endpoints
  if (endpoint === undefined) throw new Error('the URL has no endpoint')
  const dialect = new Dialect(() => {})
  const [connection] = await Connection.open(url, endpoint, dialect, new AbortController().signal)
  try {
    await connection.begin(LIMITS)
    await connection.run((sql) => sql`SELECT pg_catalog.pg_export_snapshot() AS id`)
    await connection.runInSavepoint(LIMITS, (sql) =>
      stream(
        Object.assign(sql`
          SELECT g, g::text AS text, g * 1.5 AS numeric, now() AS time, NULL AS nothing, ARRAY[1, NULL, 3] AS list,
                 '\\x00ff'::bytea AS bytes, B'101' AS bits, '{"a": [1, 2]}'::jsonb AS json, g % 2 = 0 AS even
            FROM generate_series(1, 50) g`),
        { sent() {}, columns() {}, row() {} },
      ),
    )
    const fails = (sql: Parameters<Parameters<typeof connection.run>[0]>[0]) => sql`SELECT 1 / 0 AS fails`
    await connection.runInSavepoint(LIMITS, fails).catch(() => {})
    await connection.rollback()
  } finally {
    await connection.close()
  }
}

const postgres = await startPostgres()
const recorded = await record(new URL(postgres.url), session)
await postgres.destroy()
const server = new RogueServer(recorded)
const url = await server.listen()
await session(url)
if (server.known < recorded.answers.size) throw new Error('the server does not know what it is asked')

await fuzz('protocol', fc.array(manners, { minLength: 1, maxLength: 4 }), async (several) => {
  server.manners.splice(0, Infinity, ...several)
  const sessions = several.map(() => {
    return within(session(url), { ms: LONGEST }).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'DeadlineError') throw error
    })
  })
  await Promise.all(sessions)
  await poll(
    () => server.open,
    (open) => open === 0,
  )
})
console.log(`protocol: ${server.messages} messages`)
server.close()
