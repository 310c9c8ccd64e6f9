import { readFileSync } from 'node:fs'
import postgresJs, { type Sql } from 'postgres'
import t, { type Test } from 'tap'
import { type Postgres, startPostgres } from '../../demo/postgres.ts'
import { seed } from '../../demo/seed.ts'
import { defineCollector, gauge, open } from '../../src/collector.ts'
import { samplesOf } from '../exposition.ts'
import { spawnService } from '../process.ts'
import { lacks } from '../program.ts'
import { rounds, until } from '../scrape.ts'
import { startService } from '../service.ts'
import { snapshots } from '../snapshots.ts'
import { hopeless } from './hopeless.ts'
import { type Pooler, startPooler } from './pooler.ts'
import { unharmed } from './process.ts'
import { scrapeOn, served } from './scraper.ts'

const SCHEMA = readFileSync(new URL('../../demo/schema.sql', import.meta.url), 'utf8')
/** What the service holds at once, at most, with the default COLLECTOR_CONCURRENCY of 4. */
const ROUND = 5

/** Settings that a transaction of ours has, and that nobody else's may have after it. */
const SETTINGS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_read_only',
  'default_transaction_read_only',
  'transaction_isolation',
  'client_encoding',
  'application_name',
  'search_path',
  'TimeZone',
]

/** Settings as a collector's query finds them. */
const settings = defineCollector({
  name: 'settings',
  labels: { name: open(20), setting: open(20) },
  metrics: { business_setting: gauge('A setting.') },
  query: (sql) => sql`
    SELECT name, setting, 1 AS business_setting
      FROM pg_settings
     WHERE name IN ${sql(SETTINGS)}`,
})

const writer = defineCollector({
  name: 'writer',
  metrics: { business_written: gauge('Rows that it wrote.') },
  query: (sql) => sql`
    SELECT nextval('numbers') AS business_written`,
})

const sleeper = defineCollector({
  name: 'sleeper',
  timeout: '300ms',
  metrics: { business_slept: gauge('Nothing, for a long time.') },
  query: (sql) => sql`
    SELECT count(*) AS business_slept
      FROM pg_sleep(60)`,
})

function client(url: string, max = 1): Sql {
  return postgresJs(url, {
    max,
    prepare: false,
    onnotice: () => {},
    connection: { application_name: 'other' },
  })
}

/** A server, and a pooler in front of it, with another client of each. */
async function pool(t: Test, size: number): Promise<{ postgres: Postgres; pooler: Pooler; direct: Sql }> {
  const postgres = await startPostgres()
  t.teardown(() => postgres.destroy())
  const direct = client(postgres.url, 2)
  t.teardown(() => direct.end({ timeout: 1 }))
  const pooler = await startPooler(t, postgres, size)
  return { postgres, pooler, direct }
}

/** The settings of as many server connections as there are, as another client of the pooler finds them. */
async function settingsOf(url: string, count: number): Promise<Map<number, Record<string, string>>> {
  const sql = client(url, count)
  const found = new Map<number, Record<string, string>>()
  const all = Promise.withResolvers<void>()
  const ask = () =>
    sql.begin(async (sql) => {
      const [{ pid }] = await sql<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`
      const rows = await sql<{ name: string; setting: string }[]>`
        SELECT name, setting FROM pg_settings WHERE name IN ${sql(SETTINGS)}`
      found.set(pid, Object.fromEntries(rows.map(({ name, setting }) => [name, setting])))
      // Held until each has one of its own.
      if (found.size === count) all.resolve()
      await all.promise
    })
  await Promise.all(Array.from({ length: count }, ask))
  await sql.end()
  return found
}

const skip = lacks('pgbouncer', 'pgbouncer')

t.test(
  'through pgbouncer in transaction mode, every default collector works, round after round',
  { skip },
  async (t) => {
    const { pooler, direct } = await pool(t, ROUND)
    await direct.unsafe(SCHEMA)
    await seed(direct, { operations: 1000 })
    const service = await spawnService(t, { DATABASE_URL: pooler.url, METRICS_TICK_DURATION: '1s' })
    await service.said('metrics on')
    const end = await scrapeOn(t, service)
    const samples = await until(service, (samples) => rounds(samples, 'success') >= 3)
    t.equal(rounds(samples, 'failure'), 0)
    const collectors = [...samples].filter(([name]) => name.startsWith('collector_success'))
    t.ok(collectors.length >= 15, `${collectors.length} collectors`)
    t.same(
      collectors.filter(([, success]) => success !== 1),
      [],
    )
    t.equal(samples.get(`database_up{endpoint="${pooler.endpoint}"}`), 1)
    const backends =
      await direct`SELECT FROM pg_stat_activity WHERE client_port IS NOT NULL AND pid <> pg_backend_pid()`
    t.ok(backends.length <= ROUND + 2, `${backends.length} server connections`)

    await pooler.stop()
    await until(service, (samples) => rounds(samples, 'failure') > 0)
    await pooler.start()
    const before = rounds(samples, 'success')
    await until(service, (samples) => rounds(samples, 'success') > before)
    served(t, await end())
    unharmed(t, service)
    service.child.kill('SIGTERM')
    t.equal(await service.exit, 0)
  },
)

t.test('through pgbouncer, the rules of a round hold', { skip }, async (t) => {
  const { pooler, direct } = await pool(t, ROUND)
  await direct`CREATE SEQUENCE numbers`
  const untouched = await settingsOf(pooler.url, ROUND)
  const env = { DATABASE_URL: pooler.url }

  await t.test('collectors read one snapshot, each on a server connection of its own', async (t) => {
    // Without traffic any two snapshots would be alike.
    let busy = true
    const traffic = (async () => {
      while (busy) await direct`SELECT txid_current(), nextval('numbers')`
    })()
    const service = await startService(t, env, { collectors: snapshots })
    busy = false
    await traffic
    const found = [...samplesOf((await service.app.inject('/metrics')).body).keys()].flatMap(
      (name) => /^business_snapshot_.*snapshot="(.*)",process="(.*)"/.exec(name)?.slice(1) ?? [],
    )
    t.equal(new Set(found.filter((_, i) => i % 2 === 0)).size, 1, 'one snapshot')
    t.equal(new Set(found.filter((_, i) => i % 2 === 1)).size, 4, 'four processes')
  })

  await t.test('collectors cannot write', async (t) => {
    const service = await startService(t, env, { collectors: [writer] })
    t.match(
      String(service.database.collectors.list[0]?.error),
      /cannot execute nextval\(\) in a read-only transaction/,
    )
  })

  await t.test('collectors run with the limits of their transaction', async (t) => {
    const service = await startService(t, env, { collectors: [settings] })
    const samples = await service.scrape()
    for (const [name, setting] of [
      ['statement_timeout', '30000'],
      ['lock_timeout', '5000'],
      ['idle_in_transaction_session_timeout', '30000'],
      ['transaction_read_only', 'on'],
      ['transaction_isolation', 'repeatable read'],
      ['application_name', 'metrics-service'],
    ])
      t.equal(
        samples.get(`business_setting{name="${name}",setting="${setting}"}`),
        1,
        `${name} is ${setting}`,
      )
  })

  await t.test('a query that outruns its time is ended by the server, or cancelled there', async (t) => {
    const service = await startService(t, env, { collectors: [sleeper, hopeless] })
    const errors = service.database.collectors.list.map(({ error }) => String(error))
    t.match(errors, [/canceling statement due to statement timeout/, /returns a column "nonsense"/])
    const running = await direct`
      SELECT FROM pg_stat_activity
       WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()`
    t.equal(running.length, 0, 'neither runs on')
    await service.round()
    t.equal(service.database.db.endpoints[0]?.up, true)
  })

  await t.test('no server connection keeps a setting of the collectors', async (t) => {
    const after = await settingsOf(pooler.url, ROUND)
    const [[, expected] = []] = untouched
    t.same(
      [...after.keys()].sort(),
      [...untouched.keys()].sort(),
      'the server connections are those of before',
    )
    for (const [pid, found] of after) t.same(found, expected, `process ${pid}`)
    t.equal(expected?.application_name, 'other')
    const open = await direct`SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'`
    t.equal(open.length, 0, 'no transaction is open')
  })
})

t.test('a round needs no more than the one server connection that a pool has', { skip }, async (t) => {
  const { pooler } = await pool(t, 1)
  const { database } = await startService(
    t,
    { DATABASE_URL: `${pooler.url}?connect_timeout=1` },
    { collectors: snapshots },
  )
  for (const { error } of database.collectors.list) t.equal(error, undefined)
})

t.test('a pooler that ends idle transactions ends no round', { skip }, async (t) => {
  const postgres = await startPostgres()
  t.teardown(() => postgres.destroy())
  const pooler = await startPooler(t, postgres, ROUND, { settings: 'idle_transaction_timeout = 2' })
  const slow = ['a', 'b'].map((name) =>
    defineCollector({
      name,
      metrics: { [`business_${name}`]: gauge('Slept.') },
      query: (sql) => sql`
        SELECT count(*) AS ${sql(`business_${name}`)}
          FROM pg_sleep(${name === 'a' ? 0 : 5})`,
    }),
  )
  const { scrape, log } = await startService(t, { DATABASE_URL: pooler.url }, { collectors: slow })
  t.equal((await scrape()).get('collection_duration_seconds_count{result="success"}'), 1)
  t.equal(pooler.log().includes('idle transaction timeout'), false, 'it ended nothing')
  t.same(
    log.filter(({ level }) => level !== 'info'),
    [],
  )
})
