import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { countBackends } from '../backends.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { rounds, type Samples, until } from '../scrape.ts'
import { startService } from '../service.ts'
import { hopeless } from './hopeless.ts'
import { serveFolder, unharmed } from './process.ts'
import { scrapeOn, served } from './scraper.ts'

const ROUNDS = 2

/** Runs a service with `steady` and these collectors until some rounds have ended, scraped all the while. */
async function flood(t: Test, url: string, collectors: string) {
  const service = await serveFolder(t, 'flood', {
    DATABASE_URL: url,
    METRICS_TICK_DURATION: '1s',
    COLLECTORS: `steady,${collectors}`,
  })
  const end = await scrapeOn(t, service)
  const samples = await until(service, (samples) => rounds(samples) >= ROUNDS)
  served(t, await end())
  unharmed(t, service)
  t.equal(samples.get('business_steady'), 7, "another collector's value stays")
  t.equal(samples.get('collector_success{collector="steady"}'), 1)
  return { service, samples }
}

const named = (samples: Samples, name: string) => [...samples.keys()].filter((key) => key.startsWith(name))

t.test('of 100,000 label values, 200 keep a series and the rest is one', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { samples } = await flood(t, url, 'values')
  t.equal(named(samples, 'business_values').length, 201)
  t.equal(samples.get('business_values{customer="customer-100000"}'), 100_000, 'the largest stay')
  t.equal(samples.get('business_values{customer="customer-99800"}'), undefined)
  t.equal(samples.get('business_values{customer="other"}'), (99_800 * 99_801) / 2)
  t.equal(samples.get('collector_series{collector="values"}'), 201)
  t.equal(samples.get('collector_success{collector="values"}'), 1)
  const folded = samples.get('collector_folded_series_total{collector="values"}') ?? 0
  t.ok(folded >= ROUNDS * 99_800, `${folded} series were folded`)
  t.equal(folded % 99_800, 0)
})

t.test(
  'label values of 1 MB are rejected and counted, and are neither on the page nor in the log',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const { service, samples } = await flood(t, url, 'megabyte')
    t.same(named(samples, 'business_megabyte'), ['business_megabyte{note="short"}'])
    t.equal(samples.get('collector_success{collector="megabyte"}'), 1)
    const rejected = samples.get('collector_rejected_rows_total{collector="megabyte",reason="label"}') ?? 0
    t.ok(rejected >= ROUNDS * 40, `${rejected} rows were rejected`)
    t.equal(rejected % 40, 0)
    t.ok(service.output().length < 100_000, `${service.output().length} characters were logged`)
    t.match(service.output(), /collector rejected rows: note is .{1,200} characters/)
  },
)

t.test('a query that returns ten million rows fails, says why, and is ended on the server', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const { service, samples } = await flood(t, url, 'rows')
  t.equal(samples.get('collector_success{collector="rows"}'), 0)
  t.equal(samples.get('collector_series{collector="rows"}'), 0)
  t.ok((samples.get('collection_errors_total{collector="rows"}') ?? 0) >= ROUNDS)
  t.match(
    service.output(),
    /returns more than 200000 rows \(test\/faults\/flood\/rows\.ts:\d+:\d+\) — aggregate in SQL, or raise COLLECTOR_MAX_SERIES/,
  )
  // That of a vote may be about to end.
  await poll(
    () => countBackends(sql, sql.options.database),
    (count) => count <= 5,
  )
})

t.test('a query that is hopeless before it has ended is cancelled on the server', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const { database } = await startService(t, { DATABASE_URL: url }, { collectors: [hopeless] })
  t.match(String(database.collectors.list[0]?.error), /returns a column "nonsense"/)
  // The vote behind the round has a session of its own.
  await database.db.vote(new AbortController().signal)
  const running = await sql`
    SELECT FROM pg_stat_activity
     WHERE application_name = 'metrics-service' AND datname = current_database() AND state <> 'idle'`
  t.equal(running.length, 0)
})

t.test(
  'a row with a thousand columns fails the collector that did not ask for them, and only that',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const { service, samples } = await flood(t, url, 'columns,wide')
    t.equal(samples.get('collector_success{collector="columns"}'), 0)
    t.match(service.output(), /a column \\?"column_0\\?", which is neither a label nor a metric/)
    t.match(service.output(), /column_4.*; and 995 more/)
    t.equal(named(samples, 'business_wide_').length, 1000)
    t.equal(samples.get('business_wide_999'), 999)
    t.equal(samples.get('collector_series{collector="wide"}'), 1000)
  },
)

t.test('bytes of a SQL_ASCII database that are not UTF-8 are no label, and the page is UTF-8', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const name = `test_${randomBytes(6).toString('hex')}`
  await sql.unsafe(`
    CREATE DATABASE ${name} ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`)
  const ascii = new URL(url)
  ascii.pathname = `/${name}`
  const client = postgres(ascii.href, { max: 1 })
  t.teardown(async () => {
    await client.end()
    await sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
  })
  await client.unsafe(`
    CREATE TABLE places (n int, place text);
    INSERT INTO places VALUES (1, 'plain'), (2, E'caf\\xe9'), (3, E'\\xc3\\xa9t\\xc3\\xa9'), (4, E'caf\\xff'),
                              (5, E'cut \\xe2\\x82')`)
  const { service, samples } = await flood(t, ascii.href, 'bytes')
  t.same(
    named(samples, 'business_bytes').map((key) => [key, samples.get(key)]),
    [
      ['business_bytes{place="plain"}', 1],
      ['business_bytes{place="été"}', 3],
    ],
  )
  const page = await (await fetch(`${service.url}/metrics`)).arrayBuffer()
  t.doesNotThrow(() => new TextDecoder('utf-8', { fatal: true }).decode(page))
  const rejected = 'collector_rejected_rows_total{collector="bytes",reason="label"}'
  t.ok((samples.get(rejected) ?? 0) >= 3 * ROUNDS, 'each is rejected and counted')
  t.equal(samples.get('collector_success{collector="bytes"}'), 1)
})

t.test('all of that at once is no more than all of that', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { samples } = await flood(t, url, 'values,megabyte,rows,columns,wide')
  t.equal(samples.get('business_values{customer="customer-100000"}'), 100_000)
  t.same(
    ['values', 'megabyte', 'rows', 'columns', 'wide'].map((name) =>
      samples.get(`collector_success{collector="${name}"}`),
    ),
    [1, 1, 0, 0, 1],
  )
})
