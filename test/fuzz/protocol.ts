import fc from 'fast-check'
import { startPostgres } from '../../demo/postgres.ts'
import { Connection } from '../../plugins/db/connection.ts'
import { Dialect } from '../../plugins/db/dialect.ts'
import { parseDatabaseUrl } from '../../src/config/database-url.ts'
import { stream } from '../../src/query/stream.ts'
import { within } from '../../src/time/deadline.ts'
import { poll } from '../poll.ts'
import { record } from './answers.ts'
import { checkHeard, hear } from './heard.ts'
import { type Manner, manners, TRUE } from './manner.ts'
import { fuzz } from './property.ts'
import { RogueServer } from './server.ts'
import { startService } from './service.ts'

// Servers that answer as PostgreSQL does, but for a few bytes: a session succeeds or fails, and nothing is left of it.

/** Milliseconds in which a session ends, however the server ends it. */
const LONGEST = 5000

/** Lines of the log that a round may have: of each collector, the endpoint, and the round. */
const MOST_LINES = 10

/** Milliseconds of a statement. */
const TIMEOUT = 1000

/** A session as a round has it. Rejects when any part of it fails. */
async function session(text: string): Promise<void> {
  const url = parseDatabaseUrl(text)
  const [endpoint] = url.endpoints
  if (endpoint === undefined) throw new Error('the URL has no endpoint')
  const dialect = new Dialect(() => {})
  const [connection] = await Connection.open(url, endpoint, dialect, new AbortController().signal)
  try {
    await connection.begin({ statementTimeout: TIMEOUT })
    await connection.run((sql) => sql`SELECT pg_catalog.pg_export_snapshot() AS id`)
    await connection.runInSavepoint(TIMEOUT, (sql) =>
      stream(
        Object.assign(sql`
          SELECT g, g::text AS text, g * 1.5 AS numeric, now() AS time, NULL AS nothing, ARRAY[1, NULL, 3] AS list,
                 '\\x00ff'::bytea AS bytes, B'101' AS bits, '{"a": [1, 2]}'::jsonb AS json, g % 2 = 0 AS even
            FROM generate_series(1, 50) g`),
        sql,
        { sent() {}, columns() {}, row() {} },
      ),
    )
    const fails = (sql: Parameters<Parameters<typeof connection.run>[0]>[0]) => sql`SELECT 1 / 0 AS fails`
    await connection.runInSavepoint(TIMEOUT, fails).catch(() => {})
    await connection.rollback()
  } finally {
    await connection.close()
  }
}

const postgres = await startPostgres()
const recorded = await record(new URL(postgres.url), async (url) => {
  await session(url)
  const service = await startService(url)
  for (let round = 0; round < 3; round++) await service.round()
  await service.close()
})
await postgres.destroy()
const server = new RogueServer(recorded)
const url = await server.listen()
await session(url)
if (server.known === 0) throw new Error('the server does not know what it is asked')

await fuzz(
  'protocol',
  fc.array(manners, { minLength: 1, maxLength: 4 }),
  async (several) => {
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
  },
  0.5,
)

/** What clients hear, each of a server of a manner. */
const hearAll = (several: readonly Manner[]) => {
  server.manners.splice(0, Infinity, ...several)
  const heard = several.map(() => hear(parseDatabaseUrl(url)).catch(() => Buffer.alloc(0)))
  return within(Promise.all(heard), { ms: LONGEST })
}

// A busy machine may be late.
await poll(
  () => hearAll([{ ...TRUE }]),
  ([heard]) => heard !== undefined && heard.length > 5000,
)

await fuzz(
  'protocol, as the client hears it',
  fc.array(manners, { minLength: 1, maxLength: 9 }),
  async (several) => {
    for (const heard of await hearAll(several)) checkHeard(heard)
  },
  0.25,
)

const service = await startService(url)
const lines = service.lines().filter((line) => line.includes('"level":"warn"'))
if (lines.length > 0) throw new Error(`the server is not taken for a true one: ${lines}`)

/** Runs a round, in which each connection is treated in the same manner. Returns the lines of the log. */
async function round(manner: Manner): Promise<readonly string[]> {
  server.manners.splice(0, Infinity, ...new Array<Manner>(50).fill(manner))
  await within(service.round(), { ms: 2 * LONGEST })
  if ((await service.health()) !== 200) throw new Error('/healthz does not answer')
  return service.lines()
}

await fuzz(
  'protocol, of a service',
  manners,
  async (manner) => {
    const lines = await round(manner)
    const [line] = lines.filter(({ length }) => length > 3000)
    if (line !== undefined) throw new Error(`a line of the log is long: ${line}`)
    if (lines.length > MOST_LINES) throw new Error(`a round has ${lines.length} lines of the log`)
    // What has failed waits for some ticks.
    server.manners.splice(0)
  },
  0.25,
)

const wrong: Manner = {
  ...TRUE,
  edits: [{ turn: 0, at: 0, kind: 'cut', value: 0, message: Buffer.alloc(0) }],
  end: 'end',
}
await round(wrong)
const repeated: string[] = []
for (let i = 0; i < 20; i++) repeated.push(...(await round(wrong)))
if (repeated.length > MOST_LINES) throw new Error(`the reason is in the log again and again: ${repeated}`)
await service.close()
console.log(`protocol: ${server.messages} messages`)
server.close()
