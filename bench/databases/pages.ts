import { once } from 'node:events'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../src/app.ts'
import { defineCollector, gauge, open } from '../../src/collector.ts'
import type { Outcome } from '../../src/round/outcome.ts'
import { answer } from '../answer.ts'
import { coreTime } from '../core-time.ts'

// A service of many databases that are never asked: rounds are published as if they had been, and it is scraped.

/** How many rounds end before the scrape, and whether turns of the event loop are looked at, which takes the core. */
export type PageQuestion = { readonly rounds: number; readonly turns: boolean }
/** Milliseconds of the core, of the rounds and of the scrape, and of the longest turn of the scrape if they are looked at. */
export type PageAnswer = { readonly published: number; readonly scrape: number; readonly longest: number }

const COLLECTORS = 10
const SERIES = 10

const count = Number(process.argv[2])
const folder = await mkdtemp(join(tmpdir(), 'metrics-service-collectors-'))
const app = await buildApp({
  folder,
  logger: false,
  env: {
    DATABASE_URL: Array.from(
      { length: count },
      (_, i) => `db${i}=postgres://nobody@127.0.0.1:1/nothing`,
    ).join(' '),
    METRICS_TICK_DURATION: '24h',
    DEBUG_PORT: '0',
  },
})
for (let c = 0; c < COLLECTORS; c++) {
  const { collector } = defineCollector({
    name: `orders-${c}`,
    labels: { state: open(200) },
    metrics: { [`business_orders_${c}`]: gauge('Orders.') },
    query: (sql) => sql`SELECT 1`,
  })
  app.collectors.add(collector)
}
// The page shows only databases that have answered once.
for (const { db } of app.databases) Object.defineProperty(db, 'quorate', { value: true })
await app.ready()
await rmdir(folder)
let tick = 0

async function round(): Promise<void> {
  const database = app.databases[++tick % count]
  const outcomes = (database?.collectors.list ?? []).map((status): Outcome => {
    const sets = Array.from({ length: SERIES }, (_, i) => ({ labels: [`state ${i}`], values: [tick + i] }))
    const rejected = { value: 0, label: 0, duplicate: 0 }
    const result = { sets, series: SERIES, folded: 0, rejected, rejection: undefined }
    return { status, seconds: (tick % 100) / 1000, result }
  })
  await app.page.prepare(outcomes)
  app.page.publish(database?.name, outcomes, (tick % 100) / 1000, tick)
}

/** Returns the longest turn of the event loop while work is done, in milliseconds of the main thread's core. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let [longest, working] = [0, true]
  let before = process.threadCpuUsage()
  const turn = () => {
    longest = Math.max(longest, coreTime(process.threadCpuUsage(before)))
    before = process.threadCpuUsage()
    if (working) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  working = false
  turn()
  return longest
}

async function scrape(): Promise<void> {
  // Otherwise the body would be turned into a text, too.
  const answer = await app.inject({
    url: '/metrics',
    headers: { 'accept-encoding': 'gzip' },
    payloadAsStream: true,
  })
  await once(answer.stream().resume(), 'end')
}

answer<PageQuestion>({}, async ({ rounds, turns }): Promise<PageAnswer> => {
  let began = process.cpuUsage()
  for (let i = 0; i < rounds; i++) await round()
  const published = coreTime(process.cpuUsage(began))
  // Without a publication the page would be that of the last second.
  app.page.seed([])
  began = process.cpuUsage()
  let longest = Number.NaN
  if (turns) longest = await longestTurn(scrape)
  else await scrape()
  return { published, scrape: coreTime(process.cpuUsage(began)), longest }
})
