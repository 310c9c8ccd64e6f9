import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { counter, defineCollector } from '../../../src/collector.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

const HOUR = 3600_000
const TOTAL = 'business_events_total'
const COUNTED = 'collector_counted_to_timestamp_seconds{collector="events"}'
const BEHIND = 'collector_counters_behind_seconds{collector="events"}'

/**
 * Starts a service that was down for three hours, in which there was an event each minute. `hinders` is SQL that a
 * window waits for, with the columns lower and upper of its bounds.
 */
async function afterOutage(t: Test, timeout: '400ms' | '2s' | '5s', hinders: string) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe('CREATE TABLE events (happened timestamptz); CREATE TABLE weather AS SELECT 1 AS fine')
  const events = defineCollector({
    name: 'events',
    metrics: { business_events_total: counter('Events.') },
    timeout,
    window: { settle: '1s' },
    query: (sql, { from, to }) => sql`
      WITH hindrance AS MATERIALIZED (
        SELECT ${sql.unsafe(hinders)} FROM (SELECT ${from} AS lower, ${to} AS upper) AS bounds
      )
      SELECT count(*) AS business_events_total
        FROM hindrance, events
       WHERE happened > ${from} AND happened <= ${to}`,
  })
  const STATE_FILE = join(t.testdir({}), 'state.json')
  const start = () => startService(t, { DATABASE_URL: url, STATE_FILE }, { collectors: [events] })
  const first = await start()
  await first.app.close()
  const saved = JSON.parse(readFileSync(STATE_FILE, 'utf8'))
  saved.windows.events.sealedTo = new Date(Date.now() - 3 * HOUR).toISOString().replace('Z', '000Z')
  writeFileSync(STATE_FILE, JSON.stringify(saved))
  await sql`DELETE FROM weather`
  await sql`INSERT INTO events SELECT now() - n * interval '1 minute' FROM generate_series(1, 170) AS n`
  return { start, sql, service: await start() }
}

for (const [how, hinders] of [
  ['each takes more than the timeout', `pg_sleep(extract(epoch FROM upper - lower) / 3600 * 0.9)`],
  [
    'each fits into the timeout, and two do not',
    `pg_sleep(extract(epoch FROM upper - lower) / 3600 * CASE WHEN upper < now() - interval '100 minutes' THEN 0.2 ELSE 0.38 END)`,
  ],
] as const) {
  t.test(`a counter catches up with windows of which ${how}`, async (t) => {
    const { service } = await afterOutage(t, '400ms', hinders)
    let page = await service.scrape()
    let counted = page.get(COUNTED) ?? 0
    let behind = 0
    // The last event may be counted by a window that ends a moment before what the round could have counted.
    const isDone = () => page.get(TOTAL) === 170 && page.get(BEHIND) === 0
    for (let run = 1; !isDone() && run < 60; run++) {
      await service.round()
      page = await service.scrape()
      behind = Math.max(behind, page.get(BEHIND) ?? 0)
      const next = page.get(COUNTED) ?? 0
      if (next < counted) t.fail('it has counted less than before')
      counted = next
    }
    t.equal(page.get(TOTAL), 170)
    t.ok(behind > 600, `it was ${behind} seconds behind`)
    t.equal(page.get(BEHIND), 0)
  })
}

t.test('what a run counted for good stays so though a later window of it fails', async (t) => {
  const hinders = `CASE WHEN upper > now() - interval '100 minutes' THEN 1 / (SELECT count(*) FROM weather) END`
  const { service, start, sql } = await afterOutage(t, '5s', hinders)
  const failed = await service.scrape()
  t.equal(failed.get('collector_success{collector="events"}'), 0)
  t.equal(failed.get(TOTAL), 0, 'the page stays as it was')
  const age = Date.now() / 1000 - Number(failed.get(COUNTED))
  t.ok(age < 2.1 * 3600 && age > 1.9 * 3600, `an hour was counted for good: ${age} seconds are left`)

  // The hour that was counted is gone: a run that asked for it again would show less.
  await sql`DELETE FROM events WHERE happened < now() - interval '121 minutes'`
  await service.app.close()
  await sql`INSERT INTO weather VALUES (1)`
  const second = await start()
  await second.round()
  t.equal((await second.scrape()).get(TOTAL), 170)
})
