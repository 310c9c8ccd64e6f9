import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReservedSql } from 'postgres'
import t from 'tap'
import { counter, defineCollector, histogram, open } from '../../../src/collector.ts'
import { parseMoment } from '../../../src/time/moment.ts'
import { createDatabase, type Database } from '../../database.ts'
import { type Service, startService } from '../../service.ts'

/** Milliseconds that rows may be committed after their own moment. */
const SETTLE = 2000
const BOUNDS = [0.1, 0.25, 0.5, 1]
const TABLE = `CREATE TABLE events (kind text, state text, happened timestamptz, seconds numeric);
               CREATE INDEX ON events (happened)`

/** Fails the run of the collector that asks next. */
const sabotage = { next: false }
let sabotages = 0

const events = defineCollector({
  name: 'events',
  labels: { kind: open(3), state: ['good', 'bad', 'other'] },
  metrics: {
    business_events_total: counter('Events.'),
    business_event_seconds: histogram('Seconds.', BOUNDS),
  },
  window: { settle: `${SETTLE}ms` },
  query: (sql, { from, to, observe }) => {
    if (sabotage.next) {
      sabotage.next = false
      sabotages++
      throw new Error('sabotage')
    }
    return sql`
      SELECT kind, state, count(*) AS business_events_total,
             ${observe('business_event_seconds', sql`seconds`)}
        FROM events
       WHERE happened > ${from} AND happened <= ${to}
       GROUP BY kind, state`
  },
})

/** Sums of all samples of a family, by the part of its name after the family's own, and by `le`. */
function sums(samples: Map<string, number>): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [name, value] of samples) {
    const found = /^(business_event\w+)\{(?:.*,)?(?:le="(.*)")?/.exec(name)
    if (found === null) continue
    const key = found[2] === undefined ? `${found[1]}` : `${found[1]} ${found[2]}`
    // In millionths, for a sum of fractions would be rounded here.
    sums[key] = (sums[key] ?? 0) + Math.round(value * 1e6)
  }
  return sums
}

/** The same from SQL, over all events since a moment. */
async function expected({ sql }: Database, since: string): Promise<Record<string, number>> {
  const [row] = await sql.unsafe(`
    SELECT count(*)::float8 AS "business_events_total",
           count(*)::float8 AS "business_event_seconds_count",
           count(*)::float8 AS "business_event_seconds_bucket +Inf",
           coalesce(sum(seconds), 0)::text AS "business_event_seconds_sum",
           ${BOUNDS.map((le) => `count(*) FILTER (WHERE seconds <= ${le})::float8 AS "business_event_seconds_bucket ${le}"`)}
      FROM events WHERE happened > '${since}'`)
  return Object.fromEntries(
    Object.entries(row ?? {}).map(([name, value]) => [name, Math.round(Number(value) * 1e6)]),
  )
}

/** Begins a transaction, and writes events in it. */
async function begin({ sql }: Database): Promise<ReservedSql> {
  const transaction = await sql.reserve()
  await transaction`BEGIN`
  await transaction`
    INSERT INTO events
    SELECT (ARRAY['a', 'b', 'c', 'd', 'e'])[1 + floor(random() * 5)],
           (ARRAY['good', 'bad', 'odd'])[1 + floor(random() * 3)],
           clock_timestamp(),
           round((random() * 1.2)::numeric, (random() * 6)::int)
      FROM generate_series(1, 1 + (random() * 4)::int)`
  return transaction
}

/** Ends a transaction: commits it, unless a slow machine has made its rows too old for that. */
async function end(transaction: ReservedSql): Promise<void> {
  const [row] = await transaction`SELECT extract(epoch FROM clock_timestamp() - now()) * 1000 AS age`
  await transaction.unsafe(Number(row?.age) < SETTLE / 2 ? 'COMMIT' : 'ROLLBACK')
  transaction.release()
}

t.test(
  'counters and histograms are exact over late commits, failures, lost connections and restarts',
  async (t) => {
    const database = await createDatabase(t, { schema: false })
    await database.sql.unsafe(TABLE)
    const state = join(t.testdir({}), 'state.json')
    const start = () =>
      startService(t, { DATABASE_URL: database.url, STATE_FILE: state }, { collectors: [events] })
    let service: Service = await start()
    const saved = (): { since: string; sealedTo: string } =>
      JSON.parse(readFileSync(state, 'utf8')).windows.events
    const { since } = saved()

    const last = new Map<string, number>()
    /** The moments up to which events were counted for good. */
    const sealed = new Set<string>()
    let decreases = 0
    const look = async () => {
      sealed.add(saved().sealedTo)
      for (const [name, value] of await service.scrape()) {
        if (!name.startsWith('business_event')) continue
        if (value < (last.get(name) ?? 0)) decreases++
        last.set(name, value)
      }
    }
    /** Up to three transactions, and the round during which each ends: in most cases soon, in some late. */
    const open: { readonly transaction: ReservedSql; readonly ends: number }[] = []
    const write = async (round: number) => {
      const due = open.filter(({ ends }) => ends <= round)
      for (const each of due) {
        open.splice(open.indexOf(each), 1)
        await end(each.transaction)
      }
      while (open.length < 3) {
        open.push({ transaction: await begin(database), ends: round + Math.floor(Math.random() ** 3 * 30) })
      }
    }
    let round = 0
    while (round < 80 || sealed.size < 20) {
      round++
      if (round % 5 === 0) sabotage.next = true
      const running = service.round()
      await write(round)
      if (round % 7 === 0) {
        await database.sql`
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'metrics-service' AND datname = current_database()`
      }
      await running
      await look()
      if (round % 20 === 0) {
        await service.app.close()
        await write(round)
        service = await start()
        await look()
      }
    }
    for (const { transaction } of open) await end(transaction)
    sabotage.next = false
    await service.round()
    await service.round()
    await look()

    t.equal(decreases, 0, 'no sample ever decreased')
    const samples = await service.scrape()
    t.same(sums(samples), await expected(database, since))
    t.equal(last.size, 12 * 8, 'there is something to compare')
    t.ok(sabotages > 0, `${sabotages} rounds were made to fail`)
    const kinds = new Set(
      [...samples.keys()]
        .map((name) => /^business_events_total\{kind="(\w+)"/.exec(name)?.[1])
        .filter(Boolean),
    )
    t.equal(kinds.size, 4, 'three kinds have a series of their own, for good')
  },
)

t.test('a label set that is new after the start is shown as 0 for one round', async (t) => {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(TABLE)
  const { scrape, round } = await startService(t, { DATABASE_URL: database.url }, { collectors: [events] })
  await database.sql`INSERT INTO events SELECT 'x', 'good', clock_timestamp(), 0.2 FROM generate_series(1, 7)`
  const shown: (number | undefined)[] = []
  for (let i = 0; i < 3; i++) {
    shown.push((await scrape()).get('business_events_total{kind="x",state="good"}'))
    await round()
  }
  t.same(shown, [undefined, 0, 7])
})

t.test('a histogram is exact at the bounds of its buckets, and there from the first page on', async (t) => {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(TABLE)
  const seconds = defineCollector({
    name: 'seconds',
    metrics: { business_event_seconds: histogram('Seconds.', BOUNDS) },
    window: { settle: '1m' },
    query: (sql, { from, to, observe }) => sql`
      SELECT ${observe('business_event_seconds', sql`seconds`)}
        FROM events
       WHERE happened > ${from} AND happened <= ${to}`,
  })
  const { app, scrape, round } = await startService(
    t,
    { DATABASE_URL: database.url },
    { collectors: [seconds] },
  )
  const shown = async () => [...(await scrape())].filter(([name]) => name.startsWith('business_'))
  const page = (values: number[]) =>
    [
      '_bucket{le="0.1"}',
      '_bucket{le="0.25"}',
      '_bucket{le="0.5"}',
      '_bucket{le="1"}',
      '_bucket{le="+Inf"}',
      '_sum',
      '_count',
    ].map((name, i) => [`business_event_seconds${name}`, values[i]])
  t.same(await shown(), page([0, 0, 0, 0, 0, 0, 0]))
  await database.sql`
    INSERT INTO events
    SELECT 'x', 'good', clock_timestamp(), seconds
      FROM unnest(ARRAY[0.1, 0.100001, 0.25, 1, 1.000001, NULL, 0]) AS seconds`
  await round()
  t.same(await shown(), page([2, 4, 4, 5, 6, 2.450002, 6]))
  t.match((await app.inject('/metrics')).body, /^# TYPE business_event_seconds histogram$/m)
})

t.test(
  'a window ends and the next begins at the very same microsecond of the database’s clock',
  async (t) => {
    const database = await createDatabase(t, { schema: false })
    const windows: [string, string][] = []
    const bounds = defineCollector({
      name: 'bounds',
      metrics: { business_bounds_total: counter('Bounds.') },
      window: { settle: '0s' },
      query: (sql, { from, to }) => {
        windows.push([
          (from as unknown as { strings: string[] }).strings.join(),
          (to as unknown as { strings: string[] }).strings.join(),
        ])
        return sql`SELECT 0 AS business_bounds_total WHERE now() BETWEEN ${from} AND ${to}`
      },
    })
    const { round } = await startService(t, { DATABASE_URL: database.url }, { collectors: [bounds] })
    await round()
    await round()
    const moments = windows.map((window) => window.map((text) => parseMoment(/'(.*)'/.exec(text)?.[1] ?? '')))
    // Each run asks what it seals and an open window that is empty, for nothing needs to settle.
    const sealed = moments.filter(([from, to]) => from !== to)
    t.equal(sealed.length, 2)
    t.equal(sealed[0]?.[1], sealed[1]?.[0])
  },
)
