import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { counter, defineCollector, gauge, open } from '../../../src/collector.ts'
import { createDatabase, type Database } from '../../database.ts'
import { Gate, urlOf } from '../../gate.ts'
import { type Service, startService } from '../../service.ts'
import { TOTAL, things } from './things.ts'

const GAUGE = 'business_things_now'
const now = defineCollector({
  name: 'now',
  metrics: { [GAUGE]: gauge('Things now.') },
  query: (sql) => sql`SELECT count(*) AS business_things_now FROM things`,
})

async function setUp(t: Test) {
  const database = await createDatabase(t, { schema: false })
  await database.sql`CREATE TABLE things (created timestamptz DEFAULT clock_timestamp())`
  const add = (count: number) =>
    database.sql`INSERT INTO things SELECT clock_timestamp() FROM generate_series(1, ${count})`
  const start = (env = {}, options = {}) =>
    startService(
      t,
      { DATABASE_URL: database.url, STATE_URL: database.url, ...env },
      { collectors: [things, now], ...options },
    )
  return { ...database, add, start }
}

const values = async (service: Service) => {
  const samples = await service.scrape()
  return { total: samples.get(TOTAL), gauge: samples.get(GAUGE) }
}
const warnings = ({ log }: Service) => log.filter(({ level }) => level !== 'info').map(({ msg }) => msg)
const reasons = ({ app }: Service) => app.readiness().reasons

t.test('a replica whose counters another one has read counts no more, and says why', async (t) => {
  const { add, start, sql } = await setUp(t)
  const first = await start()
  await add(5)
  await first.round()
  const second = await start()
  await add(2)
  await first.round()
  await first.round()
  t.same(await values(first), { total: 5, gauge: 7 }, 'its gauges go on')
  t.match(warnings(first), [/counters are read and counted by another replica/])
  t.match(String(first.database.collectors.list[0]?.error), /another replica has read its counters/)
  await second.round()
  t.same(await values(second), { total: 7, gauge: 7 })
  const [row] = await sql`SELECT term::int FROM metrics_service_state`
  t.equal(row?.term, 2)
})

t.test('a write that was frozen changes nothing when another replica has read since', async (t) => {
  const { add, start, sql, url } = await setUp(t)
  const gate = await Gate.start(t, url)
  const first = await start({ STATE_URL: urlOf(url, [gate]), METRICS_TICK_DURATION: '24h' })
  await add(5)
  await first.round()
  await add(1)
  // What it sends from here on arrives when the gate is repaired.
  gate.break('stall', 'now')
  const round = first.round()
  const second = await start()
  await add(1)
  await second.round()
  const state = async () => (await sql`SELECT term::int, number::int, state FROM metrics_service_state`)[0]
  const before = await state()
  gate.repair()
  await round
  t.same(await state(), before)
  await first.round()
  t.same(await state(), before)
  t.equal((await values(second)).total, 7)
})

t.test('while the table cannot be read counters wait for it, and gauges do not', async (t) => {
  const { add, start, url } = await setUp(t)
  const first = await start()
  await add(5)
  await first.round()
  await first.app.close()
  const gate = await Gate.start(t, url)
  await gate.down()
  const second = await start({ STATE_URL: urlOf(url, [gate]) })
  await add(1)
  await second.round()
  t.same(await values(second), { total: undefined, gauge: 6 })
  t.match(warnings(second), [/^STATE_URL cannot be read, and counters wait for it: .*ECONNREFUSED/])
  t.match(reasons(second), [
    /collector things has not succeeded yet: its counters wait for STATE_URL: .*ECONNREFUSED/,
  ])
  t.equal((await second.scrape()).get('collection_state_errors_total'), 2)
  await gate.up()
  await second.round()
  t.same(await values(second), { total: 6, gauge: 6 })
  t.same(reasons(second), [])
})

t.test('what could not be written is written next, and the page goes on meanwhile', async (t) => {
  const { add, start, url } = await setUp(t)
  const gate = await Gate.start(t, url)
  const first = await start({ STATE_URL: urlOf(url, [gate]) })
  await add(5)
  await first.round()
  await gate.down()
  await add(1)
  await first.round()
  await add(1)
  await first.round()
  t.same(await values(first), { total: 7, gauge: 7 })
  t.equal((await first.scrape()).get('collection_state_errors_total'), 2)
  t.match(warnings(first), [/^STATE_URL cannot be written: .*ECONNREFUSED/])
  await gate.up()
  await first.round()
  t.match(first.log.at(-1)?.msg, /^STATE_URL available again after .*; failures: \d+$/)
  const second = await start()
  t.same(await values(second), { total: 7, gauge: 7 })
})

t.test('a round that finds nothing new writes nothing', async (t) => {
  const { add, start, sql } = await setUp(t)
  const service = await start()
  await add(5)
  await service.round()
  const written = async () => (await sql`SELECT number::int FROM metrics_service_state`)[0]?.number
  const before = await written()
  await service.round()
  t.equal(await written(), before)
  await add(1)
  await service.round()
  t.equal(await written(), before + 1)
})

/** A role that may connect, and the URL for it. */
async function createRole(t: Test, { sql, url }: Pick<Database, 'sql' | 'url'>) {
  const role = `keeper_${randomBytes(4).toString('hex')}`
  await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'; REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
  t.teardown(() => sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`))
  const own = new URL(url)
  own.username = role
  own.password = 'secret'
  return { role, url: own.href }
}

t.test('a role that may write the one table is enough, and one that may not says what to do', async (t) => {
  const { add, start, sql, url } = await setUp(t)
  const keeper = await createRole(t, { sql, url })
  const service = await start({ STATE_URL: keeper.url })
  t.match(warnings(service), [
    /STATE_URL cannot be read.*there is no table metrics_service_state, and it cannot be made: permission denied for schema public.*docs\/deployment\.md/,
  ])
  const owner = await start()
  await owner.app.close()
  await sql.unsafe(`GRANT SELECT, INSERT, UPDATE ON metrics_service_state TO ${keeper.role}`)
  await add(5)
  await service.round()
  t.same(await values(service), { total: 5, gauge: 5 })
})

t.test('replicas that make the table at the same time all find it', async (t) => {
  const { start } = await setUp(t)
  const services = await Promise.all(['a', 'b', 'c', 'd'].map((LEADER_GROUP) => start({ LEADER_GROUP })))
  for (const service of services) t.same(await values(service), { total: 0, gauge: 0 })
})

const LEADS = { LEADER_ELECTION: 'true' }

t.test('a new leader begins with what the last one showed, until a scrape has had it', async (t) => {
  const { add, start } = await setUp(t)
  const [first, second] = [await start(LEADS, { start: false }), await start(LEADS, { start: false })]
  for (const { database } of [first, second]) {
    await database.ticker.start()
    await database.leader.confirm()
    await database.round.settled()
  }
  await add(5)
  await first.round()
  t.same(await values(first), { total: 5, gauge: 5 })
  t.same(await values(second), { total: undefined, gauge: undefined })
  // No scrape has what the last round found.
  await add(1)
  await first.round()
  await first.app.close()
  await add(2)
  t.ok(await second.database.leader.confirm())
  await second.database.round.settled()
  t.same(await values(second), { total: 5, gauge: 8 })
  await second.round()
  t.same(await values(second), { total: 8, gauge: 8 })
})

t.test('all replicas have the same _created', async (t) => {
  const { add, start } = await setUp(t)
  const created = async ({ app }: Service) => {
    const { body } = await app.inject({
      url: '/metrics',
      headers: { accept: 'application/openmetrics-text' },
    })
    return /^business_things_created (.*)$/m.exec(body)?.[1]
  }
  const first = await start({ OPENMETRICS_CREATED: 'true' })
  await add(1)
  await first.round()
  const before = await created(first)
  await first.app.close()
  const second = await start({ OPENMETRICS_CREATED: 'true' })
  t.type(before, 'string')
  t.equal(await created(second), before)
})

t.test('a state of 100,000 series is written and read', async (t) => {
  const { sql, url } = await setUp(t)
  await sql`ALTER TABLE things ADD COLUMN name text`
  const many = defineCollector({
    name: 'many',
    labels: { name: open(100_000) },
    metrics: { business_many_total: counter('Things by name.') },
    window: { settle: '1m' },
    query: (sql, { from, to }) => sql`
      SELECT name, count(*) AS business_many_total
        FROM things
       WHERE created > ${from} AND created <= ${to}
       GROUP BY name`,
  })
  const env = { DATABASE_URL: url, STATE_URL: url, COLLECTOR_MAX_SERIES: '200000' }
  const first = await startService(t, env, { collectors: [many] })
  await sql`INSERT INTO things (name) SELECT 'customer ' || n FROM generate_series(1, 99999) AS n`
  await first.round()
  await first.scrape()
  await first.round()
  t.equal((await first.scrape()).get('business_many_total{name="customer 99999"}'), 1)
  await first.app.close()
  await sql`INSERT INTO things (name) VALUES ('customer 7')`
  const second = await startService(t, env, { collectors: [many] })
  const samples = await second.scrape()
  t.equal(samples.get('business_many_total{name="customer 99999"}'), 1)
  t.equal(samples.get('business_many_total{name="customer 7"}'), 2)
})
