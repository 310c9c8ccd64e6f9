import postgres from 'postgres'
import t, { type Test } from 'tap'
import { type CollectorPlugin, defineCollector, gauge } from '../../../src/collector.ts'
import { createDatabase, serverUrl } from '../../database.ts'
import { startService } from '../../service.ts'

const collectorOf = (name: string) =>
  defineCollector({
    name,
    metrics: { [`business_${name}`]: gauge('Things.') },
    query: (sql) => sql`SELECT n AS ${sql(`business_${name}`)} FROM things`,
  })
const one = collectorOf('one')
const two = collectorOf('two')

/** A service with a table that its collectors read, and the lines of its log that are events since it started. */
async function start(t: Test, collectors: CollectorPlugin[], env = {}) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things (n text)`
  await sql`INSERT INTO things VALUES (1)`
  const service = await startService(t, { DATABASE_URL: url, ...env }, { collectors })
  const before = service.log.length
  const told = () => service.log.slice(before).filter(({ event }) => event !== undefined)
  const name = new URL(url).pathname.slice(1)
  const admin = postgres(serverUrl(), { max: 1 })
  t.teardown(() => admin.end())
  const back = () => admin.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)
  const away = async () => {
    await admin.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
    await admin`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ${name}`
  }
  return { ...service, sql, told, away, back }
}

t.test('a collector that fails has a line at its begin and one at its end, with what it cost', async (t) => {
  const { round, sql, told } = await start(t, [one])
  await sql`ALTER TABLE things RENAME TO gone`
  for (let i = 0; i < 3; i++) await round()
  t.match(told(), [
    {
      level: 'error',
      event: 'failed',
      collector: 'one',
      err: { code: '42P01' },
      durationSeconds: Number,
      time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
      msg: /^collector failed: relation "things" does not exist/,
    },
  ])
  t.equal(told().length, 1)
  await sql`ALTER TABLE gone RENAME TO things`
  for (let i = 0; i < 2; i++) await round()
  t.equal(told().length, 2)
  t.match(told()[1], {
    level: 'info',
    event: 'recovered',
    collector: 'one',
    runs: 3,
    durationSeconds: Number,
    msg: /^collector recovered after \S+ \S+; failed runs: 3$/,
  })
})

t.test('a database that is away has one line for all its collectors, and one when it is back', async (t) => {
  const { round, told, away, back } = await start(t, [one, two])
  await away()
  for (let i = 0; i < 2; i++) await round()
  t.match(told(), [{ level: 'error', event: 'lost', err: { code: '55000' } }])
  t.equal(told().length, 1)
  await back()
  while (!told().some(({ event }) => event === 'back')) await round()
  await round()
  const after = told().slice(1)
  t.match(after[0], { level: 'info', event: 'back', runs: Number, msg: /^database recovered after / })
  t.notOk(
    after.some(({ event }) => event === 'recovered'),
    'no collector recovers that had not failed',
  )
})

t.test('a collector that fails during an outage and after it is said to fail', async (t) => {
  const { round, sql, told, away, back } = await start(t, [one])
  await sql`ALTER TABLE things RENAME TO gone`
  await away()
  await round()
  await back()
  while (!told().some(({ event }) => event === 'back')) await round()
  const kinds = told().map(({ event }) => event)
  t.strictSame(
    kinds.filter((kind) => kind !== 'endpoint'),
    ['lost', 'back', 'failed'],
  )
})

t.test('rejected rows have a line at their begin and one at their end', async (t) => {
  const { round, sql, told } = await start(t, [one])
  await sql`UPDATE things SET n = 'many'`
  for (let i = 0; i < 2; i++) await round()
  await sql`UPDATE things SET n = '2'`
  for (let i = 0; i < 2; i++) await round()
  t.match(told(), [
    { level: 'warn', event: 'rejected', collector: 'one' },
    { level: 'info', event: 'accepted', collector: 'one', rows: 2 },
  ])
  t.equal(told().length, 2)
})

t.test('values that leave the page as stale have one line for all collectors', async (t) => {
  const env = { COLLECTOR_STALE_AFTER: '1ms', METRICS_TICK_DURATION: '1s' }
  const { round, sql, told, database } = await start(t, [one, two], env)
  database.ticker.stop()
  await sql`ALTER TABLE things RENAME TO gone`
  const stale = () => told().filter(({ event }) => event === 'stale')
  while (stale().length === 0) await round()
  await round()
  t.match(stale(), [
    { level: 'warn', collectors: ['one', 'two'], msg: 'stale values left the page: one, two' },
  ])
  t.equal(stale().length, 1)
})

t.test('at level debug each round has a line, and each run', async (t) => {
  const { round, log } = await start(t, [one, two], { LOG_LEVEL: 'debug' })
  const before = log.length
  await round()
  const lines = log.slice(before).filter(({ level }) => level === 'debug')
  t.match(lines, [
    { collector: 'one', durationSeconds: Number, series: 1, msg: /^run succeeded in / },
    { collector: 'two', durationSeconds: Number, series: 1, msg: /^run succeeded in / },
    { tick: 1, runs: 2, failed: 0, durationSeconds: Number, msg: /^round ended after / },
  ])
})

t.test('the first line says version, collectors, databases and tick', async (t) => {
  const { log } = await start(t, [])
  t.match(log[0], {
    event: 'started',
    level: 'info',
    version: String,
    collectors: [],
    databases: Array,
    tickSeconds: 86_400,
    msg: /^metrics-service \S+ starts; collectors: 0, from \S+; databases: \S+; tick: 24h$/,
  })
})
