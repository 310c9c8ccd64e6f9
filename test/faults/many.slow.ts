import t from 'tap'
import { lacks } from '../program.ts'
import { type Samples, until } from '../scrape.ts'
import { serveFolder, unharmed } from './process.ts'
import { client, createServer } from './server.ts'

const DATABASES = 50
const TICK = 5
/** The parts of a tick in each of which some rounds are to be. */
const PARTS = 5

t.test(
  'one core runs ten collectors on each of fifty databases, spread over the tick, and skips none',
  { skip: lacks('taskset', 'util-linux'), timeout: 120_000 },
  async (t) => {
    const server = await createServer(t, ['-c', 'max_connections=300'])
    const admin = client(t, server.url)
    await admin`CREATE DATABASE shop`
    const shop = client(t, server.urlOf('shop'))
    await shop`CREATE TABLE orders AS SELECT 'state ' || n % 20 AS state FROM generate_series(1, 1000) AS n`
    await shop.end()
    const names = Array.from({ length: DATABASES }, (_, i) => `shop${i}`)
    for (const name of names) await admin`CREATE DATABASE ${admin(name)} TEMPLATE shop`

    const service = await serveFolder(
      t,
      'many',
      {
        DATABASE_URL: names.map((name) => `${name}=${server.urlOf(name)}`).join(' '),
        METRICS_TICK_DURATION: `${TICK}s`,
        COLLECTOR_CONCURRENCY: '2',
      },
      ['taskset', '-c', '0', 'env'],
    )
    const rounds = (samples: Samples, result: string) =>
      names.map((name) =>
        samples.get(`collection_duration_seconds_count{database="${name}",result="${result}"}`),
      )
    const skipped = (samples: Samples) =>
      names.map((name) => samples.get(`collection_skipped_ticks_total{database="${name}"}`))
    const ran = (count: number) => (samples: Samples) =>
      rounds(samples, 'success').every((rounds) => (rounds ?? 0) >= count)
    // To start fifty databases takes as long as the machine needs; from then on each tick finds the last round over.
    const started = await until(service, ran(3))
    const samples = await until(service, ran(6))

    t.same([...new Set(rounds(samples, 'failure'))], [0], 'no round failed')
    t.same(skipped(samples), skipped(started), 'no tick was skipped')
    for (const name of names) {
      t.equal(samples.get(`business_orders_9{database="${name}",state="state 7"}`), 50, name)
    }
    const ends = names.map(
      (name) =>
        samples.get(`collector_last_success_timestamp_seconds{database="${name}",collector="orders-9"}`) ?? 0,
    )
    const parts = new Set(ends.map((end) => Math.floor(((end % TICK) / TICK) * PARTS)))
    t.equal(parts.size, PARTS, `rounds ended in ${parts.size} of ${PARTS} parts of the tick`)
    unharmed(t, service)
  },
)
