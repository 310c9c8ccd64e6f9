import type { Test } from 'tap'
import { freePort } from '../../../demo/port.ts'
import type { CollectorPlugin } from '../../../src/collector.ts'
import { counter, type Duration, defineCollector, gauge, open } from '../../../src/collector.ts'
import type { Environment } from '../../../src/config/read.ts'
import { createDatabase } from '../../database.ts'
import { Gate, urlOf } from '../../gate.ts'
import { poll } from '../../poll.ts'
import { type Service, startService } from '../../service.ts'

/** A collector that shows one value. */
export function single(
  name: string,
  value = '42',
  options: { interval?: Duration; timeout?: Duration } = {},
) {
  const metric = `business_${name.replaceAll('-', '_')}`
  return defineCollector({
    name,
    ...options,
    metrics: { [metric]: gauge('A number.') },
    query: (sql) => sql`SELECT ${sql.unsafe(value)} AS ${sql.unsafe(metric)}`,
  })
}

/** Collectors of a shop: with labels, with a window, and one that is asked seldom. */
const shop: readonly CollectorPlugin[] = [
  single('customers', '1722'),
  defineCollector({
    name: 'orders',
    labels: { country: open(50), status: ['open', 'paid', 'cancelled'] },
    metrics: { business_orders: gauge('Orders by country and status.') },
    query: (sql) => sql`
      SELECT country, status, count(*) AS business_orders
        FROM orders -- every order there is
       WHERE status <> 'draft'
       GROUP BY country, status`,
  }),
  defineCollector({
    name: 'orders-placed',
    window: { settle: '1m' },
    metrics: { business_orders_placed_total: counter('Orders placed.') },
    query: (sql, { from, to }) => sql`
      SELECT count(*) AS business_orders_placed_total
        FROM orders
       WHERE create_time > ${from} AND create_time <= ${to}`,
  }),
  single('revenue', '98213.5', { interval: '48h' }),
  single('warehouses', '7'),
]

const SHOP = `
  CREATE TABLE orders (id serial, country text, status text, create_time timestamptz NOT NULL DEFAULT now());
  INSERT INTO orders (country, status)
  SELECT (ARRAY['NO', 'DE', 'FR', '<b>ES</b>'])[1 + i % 4], (ARRAY['open', 'paid', 'cancelled', 'draft'])[1 + i % 3]
    FROM generate_series(1, 400) AS i`

/** A service in some state, and the address of its debug page. */
export interface Shown {
  readonly url: string
  readonly service: Service
  readonly gate: Gate
}

export async function startShop(
  t: Test,
  more: readonly CollectorPlugin[],
  env: Environment = {},
  { quorate = true, url }: { quorate?: boolean; url?: string } = {},
): Promise<Shown> {
  const database = url ?? (await createShop(t))
  const gate = await Gate.start(t, database, { up: quorate })
  const port = await freePort()
  const service = await startService(
    t,
    { DATABASE_URL: urlOf(database, [gate]), DEBUG_PORT: String(port), SERVICE_NAME: 'shop-prod', ...env },
    { collectors: [...shop, ...more], start: quorate },
  )
  return { url: `http://127.0.0.1:${port}`, service, gate }
}

async function createShop(t: Test): Promise<string> {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe(SHOP)
  return url
}

/** How each state is brought about, and what the page says of it. */
export const STATES = {
  healthy: {
    says: /Healthy: 5 collectors/,
    async make(t: Test) {
      const shown = await startShop(t, [])
      for (let i = 0; i < 3; i++) await shown.service.round()
      return shown
    },
  },
  failing: {
    says: /3 collectors fail since .*relation "parcels" does not exist/,
    async make(t: Test) {
      const gone = ['parcels', 'parcels-open', 'parcels-late'].map((name) =>
        single(name, '(SELECT 1 FROM parcels)'),
      )
      const shown = await startShop(t, [single('average', '1 / 0'), ...gone])
      for (let i = 0; i < 3; i++) await shown.service.round()
      return shown
    },
  },
  rejected: {
    says: /returns rejects rows: 1 in its last run: business_returns is "many"/,
    make: (t: Test) => startShop(t, [single('returns', "'many'")]),
  },
  slow: {
    says: /slowly is slow: its last run took .* more than half of 1s \(its timeout\)/,
    make: (t: Test) => startShop(t, [single('slowly', '(SELECT 1 FROM pg_sleep(0.7))', { timeout: '1s' })]),
  },
  skipped: {
    says: /of the last \d+ ticks? skipped since.*rounds take longer than the tick of 1s/,
    async make(t: Test) {
      const shown = await startShop(t, [single('endless', '(SELECT 1 FROM pg_sleep(1.6))')], {
        METRICS_TICK_DURATION: '1s',
      })
      const { ticker } = shown.service.database
      await poll(
        () => ticker.past,
        (past) => past.some(({ outcome }) => outcome === 'skipped'),
      )
      return shown
    },
  },
  stale: {
    says: /those of 4 are gone/,
    async make(t: Test) {
      const shown = await startShop(t, [], { METRICS_TICK_DURATION: '1s', COLLECTOR_STALE_AFTER: '1s' })
      await shown.gate.down()
      const [status] = shown.service.database.collectors.list
      await poll(
        () => status?.state(performance.now()),
        (state) => state === 'stale',
      )
      return shown
    },
  },
  down: {
    says: /The database does not answer since .*connection refused.*Values are from .* and stay until/s,
    async make(t: Test) {
      const shown = await startShop(t, [])
      await shown.gate.down()
      for (let i = 0; i < 2; i++) await shown.service.round()
      return shown
    },
  },
  waiting: {
    says: /Waiting for the database quorum: 0 of 1 votes: .*connection refused/,
    async make(t: Test) {
      const shown = await startShop(t, [], {}, { quorate: false })
      void shown.service.database.ticker.start()
      const [endpoint] = await poll(
        () => shown.service.database.db.endpoints,
        ([endpoint]) => endpoint?.error !== undefined,
      )
      t.ok(endpoint)
      return shown
    },
  },
  follower: {
    says: /Standing by: process \d+ on .* leads since/,
    async make(t: Test) {
      const url = await createShop(t)
      const env = { LEADER_ELECTION: 'true', METRICS_TICK_DURATION: '5s' }
      const first = await startShop(t, [], env, { url })
      await poll(
        () => first.service.database.leader.trustedUntil,
        (until) => until > performance.now(),
      )
      const second = await startShop(t, [], env, { url })
      await poll(
        () => second.service.database.leader.leading,
        (leading) => leading !== undefined,
      )
      return second
    },
  },
  leaderless: {
    says: /No replica leads: the leader lock cannot be asked for: .*/,
    async make(t: Test) {
      const shown = await startShop(t, [], { LEADER_ELECTION: 'true', METRICS_TICK_DURATION: '2s' })
      const { leader } = shown.service.database
      await poll(
        () => leader.trustedUntil,
        (until) => until > performance.now(),
      )
      await shown.gate.down()
      await poll(
        () => leader.hindrance,
        (hindrance) => hindrance !== undefined && leader.trustedUntil <= performance.now(),
      )
      return shown
    },
  },
  lost: {
    says: /Healthy: 5 collectors/,
    make: (t: Test) => startShop(t, []),
  },
  many: {
    says: /50 collectors fail/,
    async make(t: Test) {
      const url = await createShop(t)
      const names = Array.from({ length: 50 }, (_, i) => `tenant-${i + 1}`)
      const port = await freePort()
      const collectors = Array.from({ length: 299 }, (_, i) => single(`question-${i + 1}`, String(i)))
      const service = await startService(
        t,
        {
          DATABASE_URL: names.map((name) => `${name}=${url}`).join(' '),
          DEBUG_PORT: String(port),
          SERVICE_NAME: 'tenants',
          COLLECTOR_CONCURRENCY: '1',
        },
        { collectors: [...collectors, single('broken', '1 / 0')] },
      )
      for (const { ticker, round } of service.app.databases.slice(1)) {
        await ticker.start()
        await round.settled()
      }
      const gate = await Gate.start(t, url)
      return { url: `http://127.0.0.1:${port}`, service, gate }
    },
  },
} satisfies Readonly<Record<string, { readonly says: RegExp; readonly make: (t: Test) => Promise<Shown> }>>
