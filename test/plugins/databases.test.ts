import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { type CollectorPlugin, counter, defineCollector, gauge, open } from '../../src/collector.ts'
import { createDatabase, type Database } from '../database.ts'
import { Gate, urlOf } from '../gate.ts'
import { lacks } from '../program.ts'
import { startService } from '../service.ts'

const things = defineCollector({
  name: 'things',
  labels: { kind: open(10) },
  metrics: { business_things: gauge('Things.'), business_weight_grams: gauge('Their weight.') },
  query: (sql) => sql`
    SELECT kind, count(*) AS business_things, sum(weight) AS business_weight_grams
      FROM things
     GROUP BY kind`,
})

const made = defineCollector({
  name: 'made',
  metrics: { business_things_made_total: counter('Things that were made.') },
  window: { settle: '0s' },
  query: (sql, { from, to }) => sql`
    SELECT count(*) AS business_things_made_total
      FROM things
     WHERE create_time > ${from} AND create_time <= ${to}`,
})

/** A database with a number of things of a kind. */
async function createThings(t: Test, kind: string, count: number): Promise<Database> {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(`
    CREATE TABLE things (kind text, weight int, create_time timestamptz DEFAULT clock_timestamp());
    INSERT INTO things (kind, weight) SELECT '${kind}', 2 FROM generate_series(1, ${count})`)
  return database
}

/** A service on a database `eu` with 3 large things and one `us` with 5 small ones, after the first round of both. */
async function startBoth(t: Test, collectors: CollectorPlugin[], env: Record<string, string> = {}) {
  const [eu, us] = [await createThings(t, 'large', 3), await createThings(t, 'small', 5)]
  const service = await startService(
    t,
    { DATABASE_URL: `eu=${eu.url} us=${us.url}`, ...env },
    { collectors, start: false },
  )
  const { databases } = service.app
  await Promise.all(databases.map(({ ticker }) => ticker.start()))
  await Promise.all(databases.map(({ round }) => round.settled()))
  return { ...service, eu, us }
}

const pageOf = async ({ app }: Awaited<ReturnType<typeof startBoth>>) => (await app.inject('/metrics')).body

t.test('every sample that concerns a database carries its name', async (t) => {
  const service = await startBoth(t, [things])
  const samples = await service.scrape()
  t.equal(samples.get('business_things{database="eu",kind="large"}'), 3)
  t.equal(samples.get('business_things{database="us",kind="small"}'), 5)
  t.equal(samples.get('business_weight_grams{database="us",kind="small"}'), 10)
  for (const name of [
    'collection_errors_total{database="eu",collector="things"}',
    'collection_duration_seconds_count{database="eu",result="failure"}',
    'collection_skipped_ticks_total{database="eu"}',
    'collector_rejected_rows_total{database="eu",collector="things",reason="value"}',
    'collection_state_errors_total{database="eu"}',
  ]) {
    t.equal(samples.get(name), 0, name)
  }
  for (const name of [
    'collection_duration_seconds_count{database="us",result="success"}',
    'collector_success{database="us",collector="things"}',
    `database_up{database="us",endpoint="${new URL(service.us.url).host}"}`,
    'database_quorum_votes{database="us"}',
    'database_quorum_required{database="us"}',
    'collector_series{database="us",collector="things"}',
  ]) {
    t.ok((samples.get(name) ?? 0) >= 1, name)
  }
  const bare = [...samples.keys()].filter(
    (name) => /^(business_|collection_|collector_|database_)/.test(name) && !name.includes('database="'),
  )
  t.same(
    bare,
    [
      'collection_paused',
      'collector_interval_seconds{collector="things"}',
      'collector_timeout_seconds{collector="things"}',
      'collector_series_limit{collector="things"}',
      'collection_tick_seconds',
    ],
    'but not what is set once for all of them',
  )
})

t.test('a family is there once, with the samples of all databases together', async (t) => {
  const page = await pageOf(await startBoth(t, [things]))
  const lines = page.split('\n').filter((line) => line.startsWith('business_') || line.includes(' business_'))
  t.same(lines, [
    '# HELP business_things Things.',
    '# TYPE business_things gauge',
    'business_things{database="eu",kind="large"} 3',
    'business_things{database="us",kind="small"} 5',
    '# HELP business_weight_grams Their weight.',
    '# TYPE business_weight_grams gauge',
    'business_weight_grams{database="eu",kind="large"} 6',
    'business_weight_grams{database="us",kind="small"} 10',
  ])
})

t.test(
  'promtool has nothing to say about a page of several databases',
  { skip: lacks('promtool', 'prometheus') },
  async (t) => {
    const page = await pageOf(await startBoth(t, [things, made]))
    t.equal(execFileSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' }), '')
  },
)

t.test('a database that is away touches no other', async (t) => {
  const [eu, us] = [await createThings(t, 'large', 3), await createThings(t, 'small', 5)]
  const gate = await Gate.start(t, eu.url)
  const urls = `eu=${urlOf(eu.url, [gate])}\nus=${us.url}`
  const { app, scrape } = await startService(
    t,
    { DATABASE_URL: urls },
    { collectors: [things], start: false },
  )
  const [first, second] = app.databases
  await Promise.all(app.databases.map(({ ticker }) => ticker.start()))
  await Promise.all(app.databases.map(({ round }) => round.settled()))
  await gate.down()
  await Promise.all([first?.round.run(1), second?.round.run(1)])
  const samples = await scrape()
  t.equal(samples.get('collector_success{database="eu",collector="things"}'), 0)
  t.equal(samples.get('collector_success{database="us",collector="things"}'), 1)
  t.equal(samples.get('collection_errors_total{database="us",collector="things"}'), 0)
  t.equal(samples.get(`database_up{database="eu",endpoint="${gate.endpoint}"}`), 0)
  t.equal(samples.get('business_things{database="eu",kind="large"}'), 3, 'its last values stay')
})

t.test('a database that never had its quorum is waited for, while the other is collected', async (t) => {
  const [eu, us] = [await createThings(t, 'large', 3), await createThings(t, 'small', 5)]
  const gate = await Gate.start(t, eu.url, { up: false })
  const urls = `eu=${urlOf(eu.url, [gate])} us=${us.url}`
  const { app, scrape } = await startService(
    t,
    { DATABASE_URL: urls },
    { collectors: [things], start: false },
  )
  const started = app.databases.map(({ ticker }) => ticker.start())
  await started[1]
  await app.databases[1]?.round.settled()
  const samples = await scrape()
  t.equal(samples.get('business_things{database="us",kind="small"}'), 5)
  t.notOk([...samples.keys()].some((name) => name.startsWith('business_things{database="eu"')))
  t.equal((await app.inject('/readyz')).statusCode, 503)
  t.match(app.readiness().reasons[0], 'eu: waiting for the database quorum: 0 of 1 votes')
  await gate.up()
  await started[0]
  await app.databases[0]?.round.settled()
  t.equal((await scrape()).get('business_things{database="eu",kind="large"}'), 3)
})

t.test('a collector runs on the databases that it names', async (t) => {
  const european = defineCollector({
    name: 'european',
    metrics: { business_european: gauge('One.') },
    databases: ['eu'],
    query: (sql) => sql`SELECT 1 AS business_european`,
  })
  const samples = await (await startBoth(t, [things, european])).scrape()
  t.equal(samples.get('business_european{database="eu"}'), 1)
  t.notOk(samples.has('business_european{database="us"}'))
  t.notOk(samples.has('collector_success{database="us",collector="european"}'))
  const nowhere = { ...european.collector, labels: {}, metrics: { business_x: gauge('X.') }, databases: [] }
  t.throws(() => defineCollector(nowhere as never), /collector "european": .*its databases are \[\]/)
})

t.test(
  'a database that a collector lists and that there is not is an error, with the name that was meant',
  async (t) => {
    const listing = (...databases: string[]) =>
      defineCollector({
        name: 'listing',
        metrics: { business_listing: gauge('One.') },
        databases,
        query: (sql) => sql`SELECT 1 AS business_listing`,
      })
    await t.rejects(startBoth(t, [listing('eu', 'uS')]), {
      message: 'collector "listing" lists the databases "uS": did you mean "us"?; the databases are eu, us',
    })
    const { url } = await createDatabase(t, { schema: false })
    await t.rejects(
      startService(t, { DATABASE_URL: url }, { collectors: [listing('eu')] }),
      /collector "listing": it lists databases, and DATABASE_URL gives no names/,
    )
  },
)

t.test('a label of a collector cannot be that of the database', async (t) => {
  const labelled = defineCollector({
    name: 'labelled',
    labels: { database: open(5) },
    metrics: { business_labelled: gauge('One.') },
    query: (sql) => sql`SELECT 'x' AS database, 1 AS business_labelled`,
  })
  await t.rejects(startBoth(t, [labelled]), /its label "database" is taken by the name of the database/)
  const { url } = await createDatabase(t, { schema: false })
  const { scrape } = await startService(t, { DATABASE_URL: url }, { collectors: [labelled] })
  t.equal((await scrape()).get('business_labelled{database="x"}'), 1, 'where it has no name it can')
})

t.test('each database keeps its counters in a file of its own', async (t) => {
  const folder = t.testdir({})
  const service = await startBoth(t, [made], { STATE_FILE: join(folder, 'counters.json') })
  await service.us.sql`INSERT INTO things (kind) VALUES ('new'), ('new')`
  await Promise.all(service.app.databases.map(({ round }) => round.run(1)))
  const samples = await service.scrape()
  t.equal(samples.get('business_things_made_total{database="us"}'), 2)
  t.equal(samples.get('business_things_made_total{database="eu"}'), 0)
  t.notOk(existsSync(join(folder, 'counters.json')))
  const saved = (name: string) =>
    JSON.parse(readFileSync(join(folder, `counters.${name}.json`), 'utf8')).windows.made.running
  t.match(saved('us'), [[[], [2], [2]]])
  t.match(saved('eu'), [[[], [0], [0]]])
})

t.test('the log of a round says of which database it is', async (t) => {
  const { eu, log, app } = await startBoth(t, [things])
  await eu.sql`DROP TABLE things`
  await app.databases[0]?.round.run(1)
  const [line] = log.filter(({ msg }) => msg.startsWith('collector failed'))
  t.match(line, { database: 'eu', collector: 'things' })
})

t.test('the debug page has each collector of each database', async (t) => {
  const port = await freePort()
  const { us } = await startBoth(t, [things], { DEBUG_PORT: String(port) })
  const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method })
  const page = await (await ask('/debug')).text()
  t.match(page, '<summary><b>eu</b>')
  t.match(page, '<a href="/debug/collectors/things?database=us">things</a>')
  t.match(page, 'id="us.things.state"')
  t.match(page, 'Healthy: 2 collectors on 2 databases')
  const list = await (await ask('/debug/collectors')).json()
  t.match(list, [
    { database: 'eu', name: 'things' },
    { database: 'us', name: 'things' },
  ])
  t.match(
    await (await ask('/debug/collectors/things?database=us')).text(),
    '<code>business_things{database=&quot;us&quot;,kind=&quot;small&quot;}</code> <span class="number">5</span>',
  )
  await us.sql`INSERT INTO things (kind) VALUES ('new')`
  const collected = await ask('/debug/collect?collector=things&database=us', 'POST')
  t.same(await collected.json(), { collectors: ['us/things'] })
  const none = await ask('/debug/collect?collector=things&database=asia', 'POST')
  t.equal(none.status, 404)
  t.match(await none.json(), { error: /no collector "things" of a database "asia".* eu\/things, us\/things/ })
})
