import { readFile } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Postgres } from '../demo/postgres.ts'
import { startService } from './instance.ts'
import type { LoadAnswer, LoadQuestion } from './load.ts'
import { median } from './median.ts'
import { Program } from './program.ts'
import { timePsql } from './psql.ts'
import {
  compareSizes,
  compareTimes,
  type Findings,
  formatSize,
  formatTime,
  type Row,
  type Say,
} from './row.ts'
import { createSeries } from './series.ts'
import type { DelayAnswer, RoundAnswer, ServiceQuestion } from './service.ts'

/** Processes of the service that are measured, one after the other. */
const PROCESSES = 3
/** Rounds of each for its compiler, and rounds that are measured beside psql. */
const WARM = 3
const ROUNDS = 5
/** How often, and how, each is scraped while rounds run: more scrapers would leave no core to the database. */
const LOADS = 4
const LOAD = { gzip: true, connections: 1, seconds: 1 }
/** Milliseconds for which a service has been idle when it is called so. */
const IDLE = 2000
/** Rounds come when they are told to. */
const NEVER = { METRICS_TICK_DURATION: '24h' }
/** Milliseconds and bytes. */
const GOALS = { delay: 25, idle: 110e6, full: 220e6 }
const SERIES = 100_000

interface Measured {
  readonly rounds: number[]
  readonly psql: number[]
  readonly delays: number[]
  /** Of this process meanwhile, which had nothing to do: what the machine adds. */
  readonly machine: number[]
  readonly idle: number[]
  readonly full: number[]
}

/** What a round costs the process of the service, and those who scrape it meanwhile. */
export async function benchRounds(server: Postgres, say: Say): Promise<Findings> {
  const [few, many] = [await createSeries(server, 10), await createSeries(server, SERIES)]
  const load = await Program.start<LoadQuestion>('load.ts')
  const measured: Measured = { rounds: [], psql: [], delays: [], machine: [], idle: [], full: [] }
  try {
    for (let i = 1; i <= PROCESSES; i++) {
      say(`Running rounds: process ${i} of ${PROCESSES}`)
      await measureIdle(few, load, measured)
      await measureFull(many, load, measured)
    }
  } finally {
    await load.stop()
  }
  const notes =
    measured.psql.length > 0
      ? []
      : ['Left out: a round beside psql, which is not installed: apt-get install postgresql-client']
  return { rows: rowsOf(measured), notes }
}

async function measureIdle(url: string, load: Program<LoadQuestion>, { idle }: Measured): Promise<void> {
  const service = await startService(url)
  try {
    await load.ask<LoadAnswer>({ port: service.port, gzip: true, connections: 1, seconds: 0 })
    await delay(IDLE)
    idle.push(await residentBytes(service.pid))
  } finally {
    await service.stop()
  }
}

async function measureFull(url: string, load: Program<LoadQuestion>, measured: Measured): Promise<void> {
  const service = await startService(url, NEVER)
  try {
    // A page is made ahead only in a form that was asked for.
    for (const gzip of [false, true]) {
      await load.ask<LoadAnswer>({ port: service.port, gzip, connections: 1, seconds: 0 })
    }
    for (let i = 0; i < WARM; i++) await round(service)
    for (let i = 0; i < ROUNDS; i++) {
      measured.rounds.push(await round(service))
      const time = await timePsql(url)
      if (time !== undefined) measured.psql.push(time)
    }
    for (let i = 0; i < LOADS; i++) await measureDelay(service, load, measured)
    await load.ask<LoadAnswer>({ port: service.port, gzip: false, connections: 1, seconds: 0 })
    measured.full.push(await residentBytes(service.pid))
  } finally {
    await service.stop()
  }
}

async function measureDelay(
  service: Program<ServiceQuestion>,
  load: Program<LoadQuestion>,
  { delays, machine }: Measured,
): Promise<void> {
  await service.ask({ ask: 'watch' })
  const own = monitorEventLoopDelay({ resolution: 1 })
  own.enable()
  let scraping = true
  const scraped = load.ask<LoadAnswer>({ port: service.port, ...LOAD }).finally(() => {
    scraping = false
  })
  while (scraping) await round(service)
  await scraped
  delays.push((await service.ask<DelayAnswer>({ ask: 'delay' })).longest)
  machine.push(own.max / 1e6)
  own.disable()
}

async function round(service: Program<ServiceQuestion>): Promise<number> {
  const { time } = await service.ask<RoundAnswer>({ ask: 'round' })
  return time
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

function rowsOf({ rounds, psql, delays, machine, idle, full }: Measured): Row[] {
  const most = { atMost: 1 }
  const beside = `the goal; of an idle process meanwhile: ${formatTime(median(machine))}`
  const rows: Row[] = [
    compareTimes(
      'Longest delay of the event loop while rounds of 100,000 series run and one scraper asks all the time',
      [
        median(delays),
        `at the median of ${delays.length} loads; the worst: ${formatTime(Math.max(...delays))}`,
      ],
      [GOALS.delay, beside],
      most,
    ),
    compareSizes('Resident memory, 10 series, idle', [median(idle), ''], [GOALS.idle, 'the goal'], most),
    compareSizes(
      `Resident memory, 100,000 series, after rounds and scrapes`,
      [median(full), `at the median; the worst: ${formatSize(Math.max(...full))}`],
      [GOALS.full, 'the goal'],
      most,
    ),
  ]
  if (psql.length === 0) return rows
  const against = [median(psql), 'for psql to start and fetch the same rows'] as const
  return [
    ...rows,
    compareTimes('A round, 100,000 series', [median(rounds), 'from query to page'], against, { atMost: 1.5 }),
  ]
}
