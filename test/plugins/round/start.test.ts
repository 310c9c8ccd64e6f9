import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { counter, defineCollector, open } from '../../../src/collector.ts'
import { createDatabase, type Database } from '../../database.ts'
import { startService } from '../../service.ts'

const TABLE = `CREATE TABLE events (kind text DEFAULT 'a', happened timestamptz DEFAULT clock_timestamp())`

function eventsOf(settle: string) {
  return defineCollector({
    name: 'events',
    labels: { kind: ['a', 'b', 'other'] },
    metrics: { business_events_total: counter('Events.') },
    window: { settle: settle as '1m' },
    query: (sql, { from, to }) => sql`
      SELECT kind, count(*) AS business_events_total
        FROM events
       WHERE happened > ${from} AND happened <= ${to}
       GROUP BY kind`,
  })
}
const events = eventsOf('1m')
const TOTAL = 'business_events_total{kind="a"}'

async function setUp(t: Parameters<typeof createDatabase>[0]): Promise<Database> {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(TABLE)
  return database
}

t.test('rows that were there before the start are not counted, however young they are', async (t) => {
  const { url, sql } = await setUp(t)
  await sql`INSERT INTO events SELECT FROM generate_series(1, 7)`
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [events] })
  await service.round()
  t.equal((await service.scrape()).get(TOTAL), 0)
})

t.test('a row that is committed after the start counts, though its moment is before', async (t) => {
  const { url, sql } = await setUp(t)
  await sql`INSERT INTO events SELECT FROM generate_series(1, 7)`
  const late = await sql.reserve()
  await late`BEGIN`
  await late`INSERT INTO events SELECT FROM generate_series(1, 3)`
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [events] })
  await service.round()
  t.equal((await service.scrape()).get(TOTAL), 0)
  await late`COMMIT`
  late.release()
  await service.round()
  t.equal((await service.scrape()).get(TOTAL), 3)
})

t.test('the base line stays subtracted when its rows are counted for good', async (t) => {
  const { url, sql } = await setUp(t)
  await sql`INSERT INTO events SELECT FROM generate_series(1, 7)`
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [eventsOf('300ms')] })
  await sql`INSERT INTO events SELECT FROM generate_series(1, 2)`
  await service.round()
  await delay(400)
  await service.round()
  await service.round()
  t.equal((await service.scrape()).get(TOTAL), 2)
})

t.test('counters start with the first snapshot, though the first runs fail', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [events] })
  t.equal((await service.scrape()).get('collector_success{collector="events"}'), 0)
  await sql.unsafe(TABLE)
  await sql`INSERT INTO events SELECT FROM generate_series(1, 500)`
  await service.round()
  t.equal((await service.scrape()).get(TOTAL), 500)
})

t.test('rows from before the first snapshot are subtracted though the first runs fail', async (t) => {
  const { url, sql } = await setUp(t)
  await sql`INSERT INTO events SELECT FROM generate_series(1, 7)`
  await sql`ALTER TABLE events RENAME TO hidden`
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [events] })
  await sql`ALTER TABLE hidden RENAME TO events`
  await sql`INSERT INTO events SELECT FROM generate_series(1, 5)`
  await service.round()
  t.equal((await service.scrape()).get(TOTAL), 5)
  await sql`INSERT INTO events SELECT FROM generate_series(1, 4)`
  await service.round()
  t.equal((await service.scrape()).get(TOTAL), 9)
})

t.test('a restart with a saved base line counts each row once', async (t) => {
  const { url, sql } = await setUp(t)
  await sql`INSERT INTO events SELECT FROM generate_series(1, 7)`
  const env = { DATABASE_URL: url, STATE_FILE: join(t.testdir({}), 'state.json') }
  const first = await startService(t, env, { collectors: [eventsOf('1s')] })
  await sql`INSERT INTO events SELECT FROM generate_series(1, 2)`
  await first.round()
  await first.app.close()
  await sql`INSERT INTO events SELECT FROM generate_series(1, 3)`
  const second = await startService(t, env, { collectors: [eventsOf('1s')] })
  t.equal((await second.scrape()).get(TOTAL), 5)
  await delay(1100)
  await second.round()
  await second.round()
  t.equal((await second.scrape()).get(TOTAL), 5)
})

t.test('a new label set stays at 0 until a scrape has had it', async (t) => {
  const { url, sql } = await setUp(t)
  const kinds = defineCollector({
    name: 'kinds',
    labels: { kind: open(9) },
    metrics: { business_kinds_total: counter('Events.') },
    window: { settle: '1m' },
    query: (sql, { from, to }) => sql`
      SELECT kind, count(*) AS business_kinds_total
        FROM events
       WHERE happened > ${from} AND happened <= ${to}
       GROUP BY kind`,
  })
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [kinds] })
  await service.scrape()
  await sql`INSERT INTO events VALUES ('new'), ('new')`
  // Three rounds between two scrapes, as where ticks are shorter than the interval of scrapes.
  for (let i = 0; i < 3; i++) await service.round()
  t.equal((await service.scrape()).get('business_kinds_total{kind="new"}'), 0)
  await service.round()
  t.equal((await service.scrape()).get('business_kinds_total{kind="new"}'), 2)
  await sql`INSERT INTO events VALUES ('new')`
  await service.round()
  await service.round()
  t.equal((await service.scrape()).get('business_kinds_total{kind="new"}'), 3, 'and then counts at once')
})

t.test('a run that fails does not show the 0 of a new label set, so it is shown later', async (t) => {
  const { url, sql } = await setUp(t)
  let fails = false
  const kinds = defineCollector({
    name: 'kinds',
    labels: { kind: open(9) },
    metrics: { business_kinds_total: counter('Events.') },
    window: { settle: '100ms' },
    query: (sql, { from, to }) => sql`
      SELECT kind, ${fails ? sql`1 / (count(*) - count(*))` : sql`count(*)`} AS business_kinds_total
        FROM events
       WHERE happened > ${from} AND happened <= ${to} AND (${!fails}::bool OR happened > now() - interval '100ms')
       GROUP BY kind`,
  })
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [kinds] })
  await service.scrape()
  await sql`INSERT INTO events VALUES ('new'), ('new')`
  await delay(200)
  await sql`INSERT INTO events VALUES ('open')`
  // What is sealed has no row that it counts, what is open divides by 0.
  fails = true
  await service.round()
  const failed = await service.scrape()
  t.equal(failed.get('collector_success{collector="kinds"}'), 0)
  fails = false
  await service.round()
  t.equal((await service.scrape()).get('business_kinds_total{kind="open"}'), 0)
  await service.round()
  t.equal((await service.scrape()).get('business_kinds_total{kind="open"}'), 1)
})

t.test('a state of another database is refused, and its rows are not counted at once', async (t) => {
  const [one, other] = [await setUp(t), await setUp(t)]
  await other.sql`INSERT INTO events SELECT now() FROM generate_series(1, 1000)`
  const STATE_FILE = join(t.testdir({}), 'state.json')
  const first = await startService(t, { DATABASE_URL: one.url, STATE_FILE }, { collectors: [events] })
  await one.sql`INSERT INTO events SELECT FROM generate_series(1, 5)`
  await first.round()
  t.equal((await first.scrape()).get(TOTAL), 5)
  await first.app.close()
  const second = await startService(t, { DATABASE_URL: other.url, STATE_FILE }, { collectors: [events] })
  t.equal((await second.scrape()).get(TOTAL), 0)
  t.ok(
    second.log.some(({ msg }) => msg === 'counters start from 0: what they counted was another database'),
    'the log says so',
  )
})
