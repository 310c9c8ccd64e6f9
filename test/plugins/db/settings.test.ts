import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { defineCollector, gauge, open } from '../../../src/collector.ts'
import { createDatabase, type Database } from '../../database.ts'
import { type Service, startService } from '../../service.ts'

/** Settings that a role may have, each of which changes what a value looks like or means. */
const ODD = {
  timezone: "'Asia/Tokyo'",
  datestyle: "'German'",
  intervalstyle: "'sql_standard'",
  extra_float_digits: '-15',
  bytea_output: "'escape'",
  standard_conforming_strings: 'off',
}

/** Each type whose text, or whose meaning, a setting changes: as a label, and its number as the value. */
const shown = defineCollector({
  name: 'shown',
  labels: { text: open(20) },
  metrics: { business_shown: gauge('A number of each type.') },
  query: (sql) => sql`
    SELECT '2026-11-25T10:00:00Z'::timestamptz::text AS text, 1 AS business_shown
     UNION ALL SELECT '2026-11-25'::date::text, extract(epoch FROM '2026-11-25 10:00'::timestamp::timestamptz)
     UNION ALL SELECT '1 day 02:03:04'::interval::text, 2
     UNION ALL SELECT '\\xff00'::bytea::text, 3
     UNION ALL SELECT (1.0 / 3)::float8::text, 1.0::float8 / 3
     UNION ALL SELECT 'a\d', 4`,
})

/** The URL of a role that has settings of its own, and may read all tables. */
async function createRole(
  t: Test,
  { url, sql }: Database,
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  const role = `odd_${randomBytes(6).toString('hex')}`
  await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'odd' IN ROLE pg_read_all_data`)
  t.teardown(() => sql.unsafe(`DROP ROLE ${role}`))
  for (const [name, value] of Object.entries(settings))
    await sql.unsafe(`ALTER ROLE ${role} SET ${name} = ${value}`)
  const own = new URL(url)
  own.username = role
  own.password = 'odd'
  return own.href
}

async function businessOf({ scrape }: Service): Promise<[string, number][]> {
  return [...(await scrape())].filter(([name]) => name.startsWith('business_')).sort()
}

t.test('the settings of a role, as of a database or a server, change no value', async (t) => {
  const database = await createDatabase(t, { schema: false })
  const plain = await startService(t, { DATABASE_URL: database.url }, { collectors: [shown] })
  const own = await createRole(t, database, ODD)
  const odd = await startService(t, { DATABASE_URL: own }, { collectors: [shown] })
  const samples = await businessOf(plain)
  t.equal(samples.length, 6)
  t.strictSame(await businessOf(odd), samples)
})

t.test('limits of any length are within what the server takes', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const collectors = Array.from({ length: 25 }, (_, i) =>
    defineCollector({
      name: `one-${i}`,
      metrics: { [`business_one_${i}`]: gauge('One.') },
      query: (sql) => sql`SELECT 1 AS ${sql(`business_one_${i}`)}`,
    }),
  )
  const env = { DATABASE_URL: url, COLLECTOR_TIMEOUT: '24h', COLLECTOR_CONCURRENCY: '1' }
  const { scrape } = await startService(t, env, { collectors })
  t.equal((await scrape()).get('business_one_24'), 1)
})

/** Where a table is found whose name is written without a schema: each schema has one, with its own name in it. */
const found = defineCollector({
  name: 'found',
  labels: { schema: open(5) },
  metrics: { business_found: gauge('Rows.') },
  query: (sql) => sql`SELECT schema, count(*) AS business_found FROM things GROUP BY schema`,
})

for (const [what, options, settings, schema] of [
  ['public', '', { search_path: 'app, public' }, 'public'],
  ['the schema that the URL names', '?search_path=app', { search_path: 'public' }, 'app'],
  ['the schema in the options of the URL', '?options=-c%20search_path%3D%22a%27%5C%5Cb%22', {}, "a'\\b"],
] as const) {
  t.test(`a table without a schema is that of ${what}, whatever the role has set`, async (t) => {
    const database = await createDatabase(t, { schema: false })
    for (const name of ['public', 'app', "a'\\b"]) {
      await database.sql`CREATE SCHEMA IF NOT EXISTS ${database.sql(name)}`
      await database.sql`CREATE TABLE ${database.sql(name)}.things (schema text)`
      await database.sql`INSERT INTO ${database.sql(name)}.things VALUES (${name})`
    }
    const own = await createRole(t, database, { ...settings, standard_conforming_strings: 'off' })
    const service = await startService(t, { DATABASE_URL: own + options }, { collectors: [found] })
    t.strictSame(await businessOf(service), [[`business_found{schema="${schema.replace('\\', '\\\\')}"}`, 1]])
  })
}

t.test('a table that is not found there is told with what to write', async (t) => {
  const database = await createDatabase(t, { schema: false })
  await database.sql`CREATE SCHEMA app`
  await database.sql`CREATE TABLE app.things (schema text)`
  const own = await createRole(t, database, { search_path: 'app' })
  const { log } = await startService(t, { DATABASE_URL: own }, { collectors: [found] })
  t.match(
    log.at(-1)?.msg,
    /"things" does not exist \(.*settings\.test\.ts:\d+:\d+\) — .*\?search_path=SCHEMA in DATABASE_URL/,
  )
})
