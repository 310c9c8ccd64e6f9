import t, { type Test } from 'tap'
import type { Environment } from '../../src/config/read.ts'
import { createDatabase } from '../database.ts'
import { samplesOf } from '../exposition.ts'
import { createFakeClock } from '../fake-clock.ts'
import { lacks } from '../program.ts'
import { moreRounds, rounds, type Samples, scrape, until } from '../scrape.ts'
import { serveFolder, unharmed } from './process.ts'
import { scrapeOn, served } from './scraper.ts'

/** Seconds. */
const HOUR = 3600

t.test(
  'a collector that blocks the process for 5 s holds up the scrapes, and nothing else comes of it',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const service = await serveFolder(t, 'clock', {
      DATABASE_URL: url,
      METRICS_TICK_DURATION: '1s',
      COLLECTORS: 'steady,constant,blocking',
    })
    // As many as a Prometheus with its patience: each waits, and each is answered.
    let over = false
    const scraper = (async () => {
      const statuses = new Set<number>()
      while (!over) {
        const response = await fetch(`${service.url}/metrics`)
        samplesOf(await response.text())
        statuses.add(response.status)
      }
      return [...statuses]
    })()
    await until(service, (samples) => samples.get('business_blocks') === 2)
    const samples = await moreRounds(service, 2)
    over = true
    t.same(await scraper, [200])
    t.equal(rounds(samples, 'failure'), 0, 'no round failed')
    t.ok(rounds(samples, 'success') >= 5, 'the rounds went on')
    for (const name of ['steady', 'constant', 'blocking']) {
      t.equal(samples.get(`collector_success{collector="${name}"}`), 1, `${name} works`)
      t.equal(samples.get(`collection_errors_total{collector="${name}"}`), 0, `${name} never failed`)
    }
    t.equal(samples.get('business_steady'), 7)
    const skipped = samples.get('collection_skipped_ticks_total') ?? 0
    t.ok(skipped <= 2, `${skipped} ticks fell into a round that blocked`)
    t.equal(samples.get(`database_up{endpoint="${new URL(url).host}"}`), 1)
    unharmed(t, service)
  },
)

/** A service with a clock of its own, and how to set that clock to a number of seconds before or after the true one. */
async function serveWithClock(t: Test, env: Environment) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe('CREATE TABLE weather (fine int); INSERT INTO weather VALUES (1)')
  const clock = createFakeClock(t)
  const service = await serveFolder(
    t,
    'clock',
    { DATABASE_URL: url, METRICS_TICK_DURATION: '1s', COLLECTORS: 'steady,fragile', ...env },
    Object.entries(clock.env).map(([name, value]) => `${name}=${value}`),
  )
  return { service, sql, url, set: clock.set }
}

const skip = lacks('faketime', 'faketime')

const SUCCESS = 'collector_last_success_timestamp_seconds{collector="steady"}'

t.test(
  'a clock that steps by an hour moves the timestamps, and neither ticks nor values',
  { skip },
  async (t) => {
    const { service, sql, url, set } = await serveWithClock(t, { COLLECTOR_STALE_AFTER: '10m' })
    // Its clock does not step: it tells how many rounds there may be.
    const steady = await serveFolder(t, 'clock', {
      DATABASE_URL: url,
      METRICS_TICK_DURATION: '1s',
      COLLECTORS: 'steady',
    })
    const end = await scrapeOn(t, service)
    await until(service, (samples) => samples.get('business_fragile') === 1)
    await sql`UPDATE weather SET fine = 0`
    await until(service, (samples) => samples.get('collector_success{collector="fragile"}') === 0)

    for (const seconds of [HOUR, -HOUR, 0]) {
      const expected = rounds(await scrape(steady))
      const before = await scrape(service)
      set(seconds)
      const stepped = (samples: Samples) =>
        Math.abs((samples.get(SUCCESS) ?? 0) - (Date.now() / 1000 + seconds)) < HOUR / 2
      const samples = await until(
        service,
        (samples) => stepped(samples) && rounds(samples) >= rounds(before) + 2,
      )
      // Ticks that are missing would keep the test waiting; here are too many.
      const more = rounds(samples) - rounds(before)
      const due = rounds(await scrape(steady)) - expected
      t.ok(more <= due + 2, `${more} rounds where ${due} were due, after a step to ${seconds} s`)
      t.equal(samples.get('business_fragile'), 1, 'what failed less than 10 minutes ago is not stale')
      t.equal(samples.get('business_steady'), 7)
      t.equal(samples.get('collector_success{collector="steady"}'), 1)
      t.equal(samples.get('collection_skipped_ticks_total'), 0)
    }
    served(t, await end())
    unharmed(t, service)
  },
)

t.test('a clock that steps back does not keep stale values on the page', { skip }, async (t) => {
  const { service, sql, set } = await serveWithClock(t, { COLLECTOR_STALE_AFTER: '3s' })
  const end = await scrapeOn(t, service)
  await until(service, (samples) => samples.get('business_fragile') === 1)
  await sql`UPDATE weather SET fine = 0`
  await until(service, (samples) => samples.get('collector_success{collector="fragile"}') === 0)
  set(-HOUR)
  const samples = await until(service, (samples) => !samples.has('business_fragile'))
  t.equal(samples.get('collector_series{collector="fragile"}'), 0)
  await sql`UPDATE weather SET fine = 1`
  await until(service, (samples) => samples.get('business_fragile') === 1)
  served(t, await end())
  unharmed(t, service)
})
