import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Postgres } from '../demo/postgres.ts'
import { startService } from './instance.ts'
import type { LoadAnswer, LoadQuestion } from './load.ts'
import { median } from './median.ts'
import { residentBytes } from './memory.ts'
import { startPostgresExporter } from './postgres-exporter.ts'
import { Program } from './program.ts'
import { timePsql } from './psql.ts'
import {
  compareSizes,
  compareTimes,
  type Findings,
  formatSize,
  formatTime,
  type Measure,
  type Row,
  type Say,
} from './row.ts'
import { changeSeries, createSeries } from './series.ts'
import type { DelayAnswer, RoundAnswer, ServiceQuestion } from './service.ts'

/** Processes of the service that are measured, one after the other. */
const PROCESSES = 3
/** Rounds of each for its compiler, and rounds that are measured beside psql. */
const WARM = 3
const ROUNDS = 5
/** How often, and how, each is scraped while rounds run: more scrapers would leave no core to the database. */
const LOADS = 4
const LOAD = { gzip: true, connections: 1, seconds: 1 }
/** Rounds come when they are told to. */
const NEVER = { METRICS_TICK_DURATION: '24h' }
/** Milliseconds and bytes. */
const GOALS = { delay: 10, worst: 20, full: 140e6 }
const SERIES = 100_000

interface Measured {
  /** Of rounds that find what the two rounds before found. */
  readonly same: number[]
  /** Of rounds that find another value of each series. */
  readonly changed: number[]
  readonly psql: number[]
  /** Of scrapes of postgres_exporter, and what it holds after them. */
  readonly exporter: number[]
  readonly exporterFull: number[]
  readonly delays: number[]
  /** The longest turns of the event loop in the same loads, in time of the core. */
  readonly turns: number[]
  /** Of this process meanwhile, which had nothing to do: what the machine adds. */
  readonly machine: number[]
  readonly full: number[]
}

/** What a round costs the process of the service, and those who scrape it meanwhile. */
export async function benchRounds(server: Postgres, say: Say): Promise<Findings> {
  const many = await createSeries(server, SERIES)
  const load = await Program.start<LoadQuestion>('load.ts')
  const measured: Measured = {
    ...{ same: [], changed: [], psql: [], exporter: [], exporterFull: [] },
    ...{ delays: [], turns: [], machine: [], full: [] },
  }
  try {
    for (let i = 1; i <= PROCESSES; i++) {
      say(`Running rounds: process ${i} of ${PROCESSES}`)
      await measureFull(many, load, measured)
    }
    say('Scraping postgres_exporter')
    await measureExporter(many, measured)
  } finally {
    await load.stop()
  }
  const missing = (name: string, what: string) =>
    `Left out: ${what}, which is not installed: apt-get install ${name}`
  const notes = [
    ...(measured.psql.length > 0 ? [] : [missing('postgresql-client', 'a round beside psql')]),
    ...(measured.exporter.length > 0 ? [] : [missing('prometheus-postgres-exporter', 'postgres_exporter')]),
  ]
  return { rows: rowsOf(measured), notes }
}

/** Each of its scrapes asks the database, as each of our rounds does. */
async function measureExporter(url: string, { exporter, exporterFull }: Measured): Promise<void> {
  const running = await startPostgresExporter(url, SERIES)
  if (running === undefined) return
  try {
    for (let i = 0; i < WARM + ROUNDS; i++) {
      const started = performance.now()
      const response = await fetch(`http://127.0.0.1:${running.port}/metrics`)
      await response.arrayBuffer()
      if (i >= WARM) exporter.push(performance.now() - started)
    }
    exporterFull.push(await residentBytes(running.pid))
  } finally {
    await running.stop()
  }
}

async function measureFull(url: string, load: Program<LoadQuestion>, measured: Measured): Promise<void> {
  const service = await startService(url, NEVER)
  try {
    // A page is made ahead only in a form that was asked for.
    await load.ask<LoadAnswer>({ port: service.port, ...LOAD, gzip: false, seconds: 0 })
    // The compiler has its turns, too: it makes machine code of what answers scrapes after some five hundred.
    await load.ask<LoadAnswer>({ port: service.port, ...LOAD })
    for (let i = 0; i < WARM; i++) await round(service)
    for (let i = 0; i < ROUNDS; i++) {
      await changeSeries(url)
      measured.changed.push(await round(service))
      // The first that finds the same has no memory of another one like it yet.
      await round(service)
      measured.same.push(await round(service))
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
  { delays, turns, machine }: Measured,
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
  const { longest, turn } = await service.ask<DelayAnswer>({ ask: 'delay' })
  delays.push(longest)
  turns.push(turn)
  machine.push(own.max / 1e6)
  own.disable()
}

async function round(service: Program<ServiceQuestion>): Promise<number> {
  const { time } = await service.ask<RoundAnswer>({ ask: 'round' })
  return time
}

function rowsOf(measured: Measured): Row[] {
  const { same, changed, psql, exporter, exporterFull, delays, turns, machine, full } = measured
  const most = { atMost: 1 }
  const beside = `the goal; of an idle process meanwhile: ${formatTime(median(machine))}`
  const delay =
    'Longest delay of the event loop while rounds of 100,000 series run and one scraper asks all the time'
  const memory = 'Resident memory, 100,000 series, after rounds and scrapes'
  const [round, scrape] = [
    'A round, 100,000 series, from query to page',
    'of a scrape of postgres_exporter with the same query',
  ]
  const rows: Row[] = [
    compareTimes(
      `${delay}, of ${delays.length} loads`,
      [delays, 'at the median'],
      [GOALS.delay, beside],
      most,
    ),
    compareTimes(`${delay}: the worst`, [Math.max(...delays), ''], [GOALS.worst, beside], most),
    compareTimes(
      'The longest turn of its event loop meanwhile, in time of the core',
      [turns, `at the median of ${turns.length}; the worst: ${formatTime(Math.max(...turns))}`],
      [GOALS.delay, 'the goal of the delay'],
      most,
    ),
    compareSizes(
      memory,
      [full, `at the median; the worst: ${formatSize(Math.max(...full))}`],
      [GOALS.full, 'the goal'],
      most,
    ),
  ]
  const found: readonly Measure[] = [
    [same, 'when it finds what the two before found'],
    [changed, 'when each value is another'],
  ]
  if (psql.length > 0) {
    const against: Measure = [psql, 'for psql to start and fetch the same rows']
    rows.push(...found.map((ours) => compareTimes(round, ours, against, { atMost: 1 })))
  }
  if (exporter.length > 0) {
    rows.push(...found.map((ours) => compareTimes(round, ours, [median(exporter), scrape], { atMost: 0.15 })))
    rows.push(compareSizes(memory, [full, ''], [exporterFull, 'of postgres_exporter'], { atMost: 1.2 }))
  }
  return rows
}
