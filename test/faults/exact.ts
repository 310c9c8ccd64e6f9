import type { Sql } from 'postgres'
import type { Test } from 'tap'
import { counter, defineCollector, gauge, open } from '../../src/collector.ts'
import { poll } from '../poll.ts'
import type { Service } from '../service.ts'

/** Collectors that say where they ran, in what transaction, and how much there is: six, so that some run beside the lead. */
export const readers = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
  defineCollector({
    name,
    labels: { port: open(9), snapshot: open(50), isolation: open(9), limit: open(9), zone: open(9) },
    metrics: { [`business_${name}`]: gauge('Things.') },
    query: (sql) => sql`
      SELECT current_setting('port') AS port, pg_current_snapshot()::text AS snapshot,
             current_setting('transaction_isolation') AS isolation, current_setting('statement_timeout') AS limit,
             current_setting('TimeZone') AS zone, (SELECT count(*) FROM events) AS ${sql(`business_${name}`)}
        FROM pg_sleep(0.05)`,
  }),
)

const events = defineCollector({
  name: 'events',
  metrics: { business_events_total: counter('Events.') },
  window: { settle: '1s' },
  query: (sql, { from, to }) => sql`
    SELECT count(*) AS business_events_total
      FROM events
     WHERE happened > ${from} AND happened <= ${to}`,
})

export const collectors = [...readers, events]

export async function createEvents(sql: Sql): Promise<void> {
  await sql`CREATE TABLE events (happened timestamptz DEFAULT clock_timestamp())`
}

/** What a page has of where the collectors ran. */
export function placesOf(samples: ReadonlyMap<string, number>): { values: number[]; places: string[] } {
  const found = [...samples].filter(([name]) => /^business_[a-f]\{/.test(name))
  return { values: found.map(([, value]) => value), places: found.map(([name]) => name.replace(/^\w+/, '')) }
}

/** Checks rounds while things happen: all collectors of a round read one snapshot, and what they count is exact. */
export async function checkExact(t: Test, { scrape, round }: Service, writer: Sql): Promise<void> {
  const counted = async () => Number((await scrape()).get('business_events_total'))
  const start = await counted()
  let shown = start
  for (let step = 1; step <= 2; step++) {
    const [{ now }] = await writer<[{ now: number }]>`SELECT count(*)::int AS now FROM events`
    await writer`INSERT INTO events SELECT FROM generate_series(1, 10)`
    await poll(
      async () => {
        await round()
        const samples = await scrape()
        const { values, places } = placesOf(samples)
        t.equal(values.length, readers.length)
        t.equal(new Set(places).size, 1, String(places[0]))
        t.equal(new Set(values).size, 1, 'one number')
        t.match(String(places[0]), /isolation="repeatable read",limit="30s".*zone="UTC"/)
        const total = samples.get('business_events_total') ?? Number.NaN
        t.ok(total >= shown && total <= start + step * 10, `${total} are counted`)
        shown = total
        return values[0] === now + 10 && total === start + step * 10
      },
      (seen) => seen,
    )
  }
}

/** Checks that nothing failed, and that there was nothing to say. */
export async function quiet(t: Test, { scrape, log }: Service): Promise<void> {
  t.equal((await scrape()).get('collection_duration_seconds_count{result="failure"}'), 0)
  t.same(
    log.filter(({ level }) => level !== 'info'),
    [],
  )
}
