import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startPostgres } from '../../../demo/postgres.ts'
import { counter, defineCollector } from '../../../src/collector.ts'
import { createFakeClock } from '../../fake-clock.ts'
import { client } from '../../faults/server.ts'
import { lacks } from '../../program.ts'
import { startService } from '../../service.ts'

const skip = lacks('faketime', 'faketime')
const HOUR = 3600
const TOTAL = 'business_events_total'
const COUNTED = 'collector_counted_to_timestamp_seconds{collector="events"}'

const events = defineCollector({
  name: 'events',
  metrics: { business_events_total: counter('Events.') },
  window: { settle: '1s' },
  query: (sql, { from, to }) => sql`
    SELECT count(*) AS business_events_total FROM events WHERE happened > ${from} AND happened <= ${to}`,
})

/** A server whose clock can be set, and a service with a state. */
async function setUp(t: Test) {
  const clock = createFakeClock(t)
  const postgres = await startPostgres({ env: clock.env })
  t.teardown(() => postgres.destroy())
  const sql = client(t, postgres.url)
  await sql`CREATE TABLE events (happened timestamptz DEFAULT clock_timestamp())`
  const env = { DATABASE_URL: postgres.url, STATE_FILE: join(t.testdir({}), 'state.json') }
  const start = () => startService(t, env, { collectors: [events] })
  const add = (count: number) => sql`INSERT INTO events SELECT FROM generate_series(1, ${count}::int)`
  return { clock, sql, add, start, service: await start() }
}

const logOf = ({ log }: Awaited<ReturnType<typeof startService>>, text: RegExp) =>
  log.filter(({ msg }) => text.test(msg)).length

t.test('a clock of the server that jumps two hours ahead for a while loses no row', { skip }, async (t) => {
  const { clock, add, service, start } = await setUp(t)
  await add(10)
  await service.round()
  clock.set(2 * HOUR)
  await service.round()
  await service.round()
  const jumped = await service.scrape()
  t.ok(Number(jumped.get(COUNTED)) < Date.now() / 1000, 'nothing of the future is counted for good')
  t.equal(logOf(service, /^clock of the database jumped (2h|7(19|20)\ds) ahead/), 1)
  clock.set(0)
  await add(50)
  await service.round()
  t.equal((await service.scrape()).get(TOTAL), 60)
  await delay(1200)
  await service.round()
  await service.app.close()
  await add(30)
  const second = await start()
  await second.round()
  t.equal((await second.scrape()).get(TOTAL), 90)
})

t.test(
  'a restart while the clock of the server is ahead seals nothing of the future',
  { skip },
  async (t) => {
    const { clock, add, service, start } = await setUp(t)
    await add(10)
    await service.round()
    await service.app.close()
    clock.set(2 * HOUR)
    // What the first one saves is of the wrong clock, too.
    const first = await start()
    await first.round()
    await first.app.close()
    const second = await start()
    t.equal((await second.scrape()).get(TOTAL), 10)
    clock.set(0)
    await add(5)
    await delay(1200)
    await second.round()
    await second.round()
    t.equal((await second.scrape()).get(TOTAL), 15)
  },
)

t.test('a clock that stands behind what was counted is said once, and seen', { skip }, async (t) => {
  const { clock, add, service } = await setUp(t)
  await add(10)
  await delay(1200)
  await service.round()
  const counted = Number((await service.scrape()).get(COUNTED))
  clock.set(-HOUR)
  await service.round()
  await service.round()
  const behind = await service.scrape()
  t.equal(
    logOf(service, /^clock of the database is behind what is counted already: counters wait until 2/),
    1,
  )
  t.equal(behind.get(COUNTED), counted, 'it stands still')
  t.equal(behind.get(TOTAL), 10, 'and nothing falls')
  clock.set(0)
  await add(3)
  await service.round()
  t.equal((await service.scrape()).get(TOTAL), 13)
})
