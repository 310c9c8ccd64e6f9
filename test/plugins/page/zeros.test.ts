import t, { type Test } from 'tap'
import {
  type CollectorPlugin,
  counter,
  defineCollector,
  gauge,
  histogram,
  open,
  timestamp,
} from '../../../src/collector.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

/** Holds the first round up, until the lock is given back. */
const held = defineCollector({
  name: 'held',
  labels: { kind: open(1) },
  metrics: { business_held: gauge('Held.') },
  query: (sql) => sql`
    SELECT 'x' AS kind, 1 AS business_held FROM (SELECT pg_advisory_xact_lock_shared(1)) AS locked`,
})

/** One of each type of metric, with known labels; each value is 3. */
const plain = defineCollector({
  name: 'plain',
  labels: { state: ['up', 'down'] },
  metrics: {
    business_gauge: gauge('A.'),
    business_counter_total: counter('A.'),
    business_moment_timestamp_seconds: timestamp('A.'),
    business_plain_seconds: histogram('A.', [1]),
  },
  query: (sql) => sql`
    SELECT 'up' AS state, size AS business_gauge, size AS business_counter_total,
           size AS business_moment_timestamp_seconds, '3 3 3' AS business_plain_seconds
      FROM things`,
})
const windowed = defineCollector({
  name: 'windowed',
  labels: { state: ['up', 'down'] },
  metrics: { business_windowed_total: counter('A.'), business_windowed_seconds: histogram('A.', [1]) },
  window: { settle: '1m' },
  query: (sql, { from, to }) => sql`
    SELECT 'up' AS state, size AS business_windowed_total, '3 3 3' AS business_windowed_seconds
      FROM things WHERE now() > ${from} AND now() <= ${to}`,
})

const states = ['up', 'down']
const gauges = states.map((state) => [`business_gauge{state="${state}"}`, 0])
const totals = [
  ...states.map((state) => [`business_windowed_total{state="${state}"}`, 0]),
  ...states.flatMap((state) => [
    [`business_windowed_seconds_bucket{state="${state}",le="1"}`, 0],
    [`business_windowed_seconds_bucket{state="${state}",le="+Inf"}`, 0],
    [`business_windowed_seconds_sum{state="${state}"}`, 0],
    [`business_windowed_seconds_count{state="${state}"}`, 0],
  ]),
]

/** The service before its first round, and what its page has of collectors. */
async function prepare(t: Test, env: Record<string, string>, ...collectors: CollectorPlugin[]) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things AS SELECT 3 AS size`
  const lock = await sql.reserve()
  await lock`SELECT pg_advisory_lock(1)`
  const service = await startService(t, { DATABASE_URL: url, ...env }, { collectors, start: false })
  const { database, scrape } = service
  return {
    ...service,
    url,
    sql,
    shown: async () => [...(await scrape())].filter(([name]) => name.startsWith('business_')),
    /** Lets the first round begin, in which the query of "held" waits, if it is there. */
    begin: async () => {
      await database.ticker.start()
      await database.leader.confirm()
    },
    end: async () => {
      await lock`SELECT pg_advisory_unlock(1)`
      lock.release()
      await database.round.settled()
    },
  }
}

const cases: [what: string, env: Record<string, string>, shown: unknown[]][] = [
  ['by default gauges are 0, and what is windowed', {}, [...gauges, ...totals]],
  ['with METRICS_ZEROS=all the same', { METRICS_ZEROS: 'all' }, [...gauges, ...totals]],
  ['with METRICS_ZEROS=counters no gauge is', { METRICS_ZEROS: 'counters' }, totals],
  ['with LEADER_ELECTION no gauge is either', { LEADER_ELECTION: 'true' }, totals],
]
for (const [what, env, zeros] of cases) {
  t.test(`before the first run has ended, ${what}`, async (t) => {
    const { shown, begin, end } = await prepare(t, env, plain, windowed, held)
    t.same(await shown(), [], 'nothing before the quorum')
    await begin()
    t.same(await shown(), zeros)
    await end()
    const samples = new Map(await shown())
    t.equal(samples.get('business_gauge{state="up"}'), 3)
    t.equal(samples.get('business_gauge{state="down"}'), 0, 'no row, in a run that succeeded')
    t.equal(samples.get('business_counter_total{state="down"}'), 0)
    t.equal(samples.get('business_plain_seconds_count{state="down"}'), 0)
    t.equal(samples.has('business_moment_timestamp_seconds{state="down"}'), false)
  })
}

t.test('a first run that fails withdraws the zeros of gauges, and leaves what is windowed', async (t) => {
  const { shown, begin, sql, round, scrape } = await prepare(t, {}, plain, windowed)
  await sql`ALTER TABLE things RENAME TO gone`
  await begin()
  // The first round began with that.
  await round()
  t.same(await shown(), totals)
  t.equal((await scrape()).get('collector_series{collector="plain"}'), 0)
  await round()
  t.same(await shown(), totals, 'and they do not come back')
  await sql`ALTER TABLE gone RENAME TO things`
  await round()
  t.equal(new Map(await shown()).get('business_gauge{state="up"}'), 3)
  await sql`ALTER TABLE things RENAME TO gone`
  await round()
  t.equal(new Map(await shown()).get('business_gauge{state="up"}'), 3, 'a later failure leaves the values')
})

t.test('a replica that takes over shows no gauge that it has not asked for', async (t) => {
  const first = await prepare(t, { LEADER_ELECTION: 'true' }, plain)
  await first.begin()
  await first.database.round.settled()
  t.equal(new Map(await first.shown()).get('business_gauge{state="up"}'), 3)
  const second = await startService(
    t,
    { DATABASE_URL: first.url, LEADER_ELECTION: 'true' },
    { collectors: [plain, windowed, held], start: false },
  )
  await second.database.ticker.start()
  await second.database.leader.confirm()
  await first.app.close()
  t.ok(await second.database.leader.confirm())
  const shown = async () => [...(await second.scrape())].filter(([name]) => name.startsWith('business_'))
  t.ok(second.database.round.progress, 'its first round runs')
  t.same(await shown(), totals)
  await first.end()
  await second.database.round.settled()
  t.equal(new Map(await shown()).get('business_gauge{state="up"}'), 3)
})
