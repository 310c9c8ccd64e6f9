import t, { type Test } from 'tap'
import { type CollectorPlugin, defineCollector, gauge } from '../../../src/collector.ts'
import { createDatabase, type Database } from '../../database.ts'
import { hopeless } from '../../faults/hopeless.ts'
import { Gate, urlOf } from '../../gate.ts'
import { startService } from '../../service.ts'
import { snapshots } from '../../snapshots.ts'

// What engines that speak PostgreSQL lack is taken from a PostgreSQL here: a role's privilege, or a word that it knows.

const broken = defineCollector({
  name: 'broken',
  metrics: { business_broken: gauge('Nothing.') },
  query: (sql) => sql`SELECT 1 / 0 AS business_broken`,
})

const sleeper = defineCollector({
  name: 'sleeper',
  timeout: '200ms',
  metrics: { business_slept: gauge('Nothing, for a long time.') },
  query: (sql) => sql`SELECT count(*) AS business_slept FROM pg_sleep(60)`,
})

/** A URL of the database for a role that may not share a snapshot. */
async function forbidExport(t: Test, { url, sql }: Database): Promise<string> {
  const own = new URL(url)
  own.username = `reader_${own.pathname.slice(1)}`
  own.password = 'a-long-password'
  await sql.unsafe(`
    CREATE ROLE ${own.username} LOGIN PASSWORD '${own.password}';
    REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC`)
  t.teardown(() => sql.unsafe(`DROP OWNED BY ${own.username}; DROP ROLE ${own.username}`))
  return own.href
}

/** Label values of all samples of a kind. */
async function valuesOf(
  scrape: () => Promise<Map<string, number>>,
  label: string,
): Promise<Set<string | undefined>> {
  const names = [...(await scrape()).keys()].filter((name) => name.startsWith('business_snapshot_'))
  return new Set(names.map((name) => new RegExp(`${label}="([^"]*)"`).exec(name)?.[1]))
}

async function startAlone(t: Test, collectors: CollectorPlugin[], env = {}) {
  const database = await createDatabase(t, { schema: false })
  const url = await forbidExport(t, database)
  return { ...database, ...(await startService(t, { DATABASE_URL: url, ...env }, { collectors })) }
}

t.test('without pg_export_snapshot all collectors read one snapshot, one after another', async (t) => {
  const { scrape, round, log } = await startAlone(t, snapshots)
  for (let rounds = 0; rounds < 3; rounds++) {
    t.equal((await valuesOf(scrape, 'snapshot')).size, 1, 'one snapshot')
    t.equal((await valuesOf(scrape, 'process')).size, 1, 'through one connection')
    await round()
  }
  const told = log.filter(({ msg }) => msg.includes('pg_export_snapshot'))
  t.equal(told.length, 1, 'it is said once')
  t.match(told[0]?.msg, /collectors run one after another: permission denied for function pg_export_snapshot/)
})

t.test('in one transaction a collector that fails touches no other', async (t) => {
  const [first, ...others] = snapshots
  const collectors = [first, broken, sleeper, hopeless, ...others].filter((plugin) => plugin !== undefined)
  const { database, scrape, sql, url } = await startAlone(t, collectors)
  const errors = Object.fromEntries(
    database.collectors.list.map((status) => [status.collector.name, status.error?.message]),
  )
  t.match(errors, {
    'snapshot-a': undefined,
    broken: 'division by zero',
    sleeper: /statement timeout/,
    hopeless: /returns a column "nonsense"/,
    'snapshot-b': undefined,
    'snapshot-c': undefined,
  })
  t.equal((await valuesOf(scrape, 'snapshot')).size, 1, 'those that come after them are in the same snapshot')
  // The vote behind the round has a session of its own.
  await database.db.vote(new AbortController().signal)
  const running = await sql`
    SELECT FROM pg_stat_activity
     WHERE application_name = 'metrics-service' AND datname = ${new URL(url).pathname.slice(1)} AND state <> 'idle'`
  t.equal(running.length, 0)
})

t.test('COLLECTOR_CONCURRENCY=1 chooses one transaction for all', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const gate = await Gate.start(t, url)
  const env = { DATABASE_URL: urlOf(url, [gate]), COLLECTOR_CONCURRENCY: '1' }
  const { scrape, round, log } = await startService(t, env, { collectors: snapshots })
  await round()
  t.equal((await valuesOf(scrape, 'snapshot')).size, 1)
  t.equal((await valuesOf(scrape, 'process')).size, 1)
  t.equal(gate.most, 1, 'there is never a second connection')
  t.same(
    log.filter(({ level }) => level !== 'info'),
    [],
  )
})

t.test('in one transaction the limits of one query are not those of the next', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const timeouts = ['20s', undefined, '10s'].map((timeout, i) =>
    defineCollector({
      name: `limits-${i}`,
      ...(timeout === undefined ? {} : { timeout: timeout as '20s' }),
      metrics: { [`business_timeout_${i}_seconds`]: gauge('Its statement timeout.') },
      query: (sql) => sql`
        SELECT setting::int / 1000 AS ${sql(`business_timeout_${i}_seconds`)}
          FROM pg_settings
         WHERE name = 'statement_timeout'`,
    }),
  )
  const env = { DATABASE_URL: url, COLLECTOR_CONCURRENCY: '1' }
  const { scrape } = await startService(t, env, { collectors: timeouts })
  const samples = await scrape()
  t.same(
    [0, 1, 2].map((i) => samples.get(`business_timeout_${i}_seconds`)),
    [20, 30, 10],
  )
})

for (const [word, reason] of [
  ['lock_timeout', /^lock_timeout is unavailable: unrecognized/],
  ['idle_in_transaction_session_timeout', /^idle_in_transaction_session_timeout is unavailable/],
  ['statement_timeout', /^statement_timeout is unavailable/],
  ['pg_is_in_recovery', /^pg_is_in_recovery is unavailable/],
  ['getdatabaseencoding', /^getdatabaseencoding is unavailable/],
  ['pg_backend_pid', /^pg_backend_pid is unavailable/],
] as const) {
  t.test(`an engine that does not know ${word} is served without it, which is said once`, async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const gate = await Gate.start(t, url)
    gate.unknown = word
    const one = defineCollector({
      name: 'one',
      metrics: { business_one: gauge('One.') },
      query: (sql) => sql`SELECT 1 AS business_one`,
    })
    const { scrape, round, log } = await startService(
      t,
      { DATABASE_URL: urlOf(url, [gate]) },
      { collectors: [one] },
    )
    await round()
    const samples = await scrape()
    t.equal(samples.get('business_one'), 1)
    t.equal(samples.get('collection_errors_total{collector="one"}'), 0)
    const told = log.filter(({ level }) => level !== 'info')
    t.equal(told.length, 1, JSON.stringify(told))
    t.match(told[0]?.msg, reason)
  })
}
