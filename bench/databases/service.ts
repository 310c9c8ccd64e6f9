import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../src/app.ts'
import { defineCollector, gauge, open } from '../../src/collector.ts'
import { coreTime } from '../core-time.ts'

/** How many databases there are, collectors on each, and series of each collector. */
export interface Load {
  readonly databases: number
  readonly collectors: number
  readonly series: number
  /** Whether replicas would agree on a leader. */
  readonly election?: boolean
}

/** Milliseconds, megabytes; of a core's time, not the clock's, but for `start`. */
export interface Cost {
  readonly start: number
  readonly memory: number
  readonly heap: number
  readonly round: number
  readonly lines: number
  readonly page: number
  /** A look at the lock of a leader: of the core, and from the question to the answer. */
  readonly look: number
  readonly answer: number
}

/** Rounds of each database. */
const ROUNDS = 5
const PAGES = 10
const LOOKS = 1000

const {
  databases,
  collectors,
  series,
  election = false,
  url,
} = JSON.parse(process.argv[2] ?? '') as Load & { url: string }
const folder = await mkdtemp(join(tmpdir(), 'metrics-service-collectors-'))
const before = performance.now()
const app = await buildApp({
  folder,
  logger: false,
  env: {
    DATABASE_URL: Array.from({ length: databases }, (_, i) => `db${i}=${url}`).join(' '),
    METRICS_TICK_DURATION: '24h',
    COLLECTOR_CONCURRENCY: '1',
    LEADER_ELECTION: String(election),
    DEBUG_PORT: '0',
  },
})
for (let c = 0; c < collectors; c++) {
  const { collector } = defineCollector({
    name: `orders-${c}`,
    labels: { state: open(200) },
    metrics: { [`business_orders_${c}`]: gauge('Orders.') },
    query: (sql) => sql`
      SELECT state, count(*) AS ${sql(`business_orders_${c}`)}
        FROM orders
       GROUP BY state
       ORDER BY state
       LIMIT ${series}`,
  })
  app.collectors.add(collector)
}
await app.ready()
const start = performance.now() - before
await Promise.all(
  app.databases.map(async ({ ticker, leader, round }) => {
    await ticker.start()
    await leader.confirm()
    await round.settled()
  }),
)
let lines = 0
let page = 0
let round = 0
for (let tick = 1; tick <= ROUNDS; tick++) {
  const began = process.cpuUsage()
  for (const database of app.databases) await database.round.run(tick)
  round += coreTime(process.cpuUsage(began))
}
for (let i = 1; i <= PAGES; i++) {
  await app.databases[0]?.round.run(ROUNDS + i)
  const began = process.cpuUsage()
  const { body } = await app.inject({ url: '/metrics', headers: { 'accept-encoding': 'identity' } })
  page += coreTime(process.cpuUsage(began))
  lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
}
const began = process.cpuUsage()
const asked = performance.now()
for (let i = 0; i < LOOKS; i++) await app.databases[i % databases]?.leader.confirm()
const look = coreTime(process.cpuUsage(began)) / LOOKS
const answer = (performance.now() - asked) / LOOKS
globalThis.gc?.()
const { rss, heapUsed } = process.memoryUsage()
const cost: Cost = {
  start,
  memory: rss / 2 ** 20,
  heap: heapUsed / 2 ** 20,
  round: round / ROUNDS / databases,
  lines,
  page: page / PAGES,
  look,
  answer,
}
process.send?.(cost)
await app.close()
await rmdir(folder)
process.disconnect()
