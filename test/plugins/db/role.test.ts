import { readFileSync } from 'node:fs'
import t from 'tap'
import { seed } from '../../../demo/seed.ts'
import { defineCollector, gauge } from '../../../src/collector.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

const OPERATIONS = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
/** The statements that the documentation gives. */
const STATEMENTS = /```sql\n([\s\S]*?)```/.exec(OPERATIONS)?.[1] ?? ''

t.test('the role of the documentation serves every default collector, and can do nothing else', async (t) => {
  const { url, sql } = await createDatabase(t)
  await seed(sql, { operations: 500 })
  const name = new URL(url).pathname.slice(1)
  const role = `${name}_metrics`
  await sql.unsafe(STATEMENTS.replaceAll('platform', name).replaceAll('metrics', role))
  t.teardown(() => sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`))
  await sql`CREATE TABLE secrets AS SELECT 'hush' AS word`
  const own = new URL(url)
  own.username = role
  own.password = 'change-me'

  const folder = new URL('../../../collectors', import.meta.url).pathname
  const service = await startService(t, { DATABASE_URL: own.href }, { folder })
  const failed = service.database.collectors.list.flatMap(({ error }) => error ?? [])
  t.same(failed, [])

  const [session] = await sql`SELECT pg_backend_pid() AS pid`
  const attempts: [name: string, statement: string, error: RegExp][] = [
    [
      'update',
      `UPDATE connections SET status = 'created' RETURNING 1 AS business_update`,
      /read-only transaction|permission denied/,
    ],
    ['temporary', 'CREATE TEMP TABLE business_temporary ()', /read-only transaction/],
    [
      'terminate',
      `SELECT pg_terminate_backend(${session?.pid})::int AS business_terminate`,
      /permission denied/,
    ],
    ['secret', 'SELECT count(*) AS business_secret FROM secrets', /permission denied for table secrets/],
    [
      'elsewhere',
      'SELECT count(*) AS business_elsewhere FROM elsewhere.public.secrets',
      /cross-database references/,
    ],
    ['file', `SELECT length(pg_read_file('/etc/hostname')) AS business_file`, /permission denied/],
    [
      'writable',
      'SET TRANSACTION READ WRITE',
      /must be set before any query|must be called before any query|read-write mode/,
    ],
  ]
  const collectors = attempts.map(([name, statement]) =>
    defineCollector({
      name,
      metrics: { [`business_${name}`]: gauge('What must not be.') },
      query: (sql) => sql`${sql.unsafe(statement)}`,
    }),
  )
  const { database } = await startService(t, { DATABASE_URL: own.href }, { collectors })
  for (const [i, [name, , error]] of attempts.entries()) {
    t.match(database.collectors.list[i]?.error?.message, error, name)
  }
  t.equal(
    (await sql`SELECT FROM connections WHERE status = 'working'`).length > 0,
    true,
    'nothing was written',
  )
})
