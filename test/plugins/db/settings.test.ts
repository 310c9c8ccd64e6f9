import { randomBytes } from 'node:crypto'
import t from 'tap'
import { defineCollector, gauge, open } from '../../../src/collector.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

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

t.test('the settings of a role, as of a database or a server, change no value', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const plain = await startService(t, { DATABASE_URL: url }, { collectors: [shown] })
  const role = `odd_${randomBytes(6).toString('hex')}`
  await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'odd'`)
  t.teardown(() => sql.unsafe(`DROP ROLE ${role}`))
  for (const [name, value] of Object.entries(ODD))
    await sql.unsafe(`ALTER ROLE ${role} SET ${name} = ${value}`)
  const own = new URL(url)
  own.username = role
  own.password = 'odd'
  const odd = await startService(t, { DATABASE_URL: own.href }, { collectors: [shown] })
  const businessOf = async ({ scrape }: typeof odd) =>
    [...(await scrape())].filter(([name]) => name.startsWith('business_')).sort()
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
