import type { Postgres } from '../demo/postgres.ts'
import { CONNECTIONS, type Contest, contend, type Score } from './contest.ts'
import { startExporter } from './exporter.ts'
import { startService } from './instance.ts'
import type { LoadQuestion } from './load.ts'
import { Program } from './program.ts'
import { compareRates, compareTimes, type Findings, type Goal, type Row, type Say } from './row.ts'
import { createSeries } from './series.ts'

const SIZES = [1_000, 10_000, 100_000]
/** Seconds of each turn, and how often each side has one. */
const TURN = 0.2
const TURNS = 9

type Servers = ReadonlyMap<number, { readonly port: number }>

/** How fast the service answers scrapes, beside what else could answer them. */
export async function benchScrapes(server: Postgres, say: Say): Promise<Findings> {
  const notes: string[] = []
  const stops: (() => Promise<void>)[] = []
  const run = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const running = await starting
    stops.push(() => running.stop())
    return running
  }
  try {
    say('Starting the servers')
    const [ours, bare, client] = [new Map(), new Map(), new Map()]
    for (const size of SIZES) {
      const service = await run(startService(await createSeries(server, size)))
      const url = `http://127.0.0.1:${service.port}/metrics`
      await check(url, size)
      ours.set(size, service)
      bare.set(size, await run(Program.start('bare.ts', { args: [url] })))
    }
    for (const size of [1_000, 10_000]) {
      client.set(size, await run(Program.start('client.ts', { args: [String(size)] })))
    }
    const contests = [...againstBare(ours, bare), ...againstClient(ours, client)]
    const exporter = await startExporter(server.urlOf('series_10000'), 10_000)
    if (exporter === undefined) {
      notes.push(
        'Left out: prometheus-sql-exporter, which is not installed: apt-get install prometheus-sql-exporter',
      )
    } else {
      stops.push(() => exporter.stop())
      contests.push(againstExporter(ours, exporter.port))
    }
    const load = await run(Program.start<LoadQuestion>('load.ts'))
    say(`Scraping: ${contests.length} contests of ${TURNS} turns`)
    const scores = await contend(load, contests, TURN, TURNS)
    return { rows: contests.map((contest, i) => rowOf(contest, scores[i])), notes }
  } finally {
    for (const stop of stops) await stop()
  }
}

function againstBare(ours: Servers, bare: Servers): Contest[] {
  const kinds = ['rate', 'latency'] as const
  const contests = kinds.flatMap((kind) =>
    SIZES.flatMap((size) =>
      [false, true].map((gzip): Contest => {
        const goal: Goal | undefined =
          kind === 'rate' && gzip && size === 10_000 ? { atLeast: 0.5 } : undefined
        return contest(kind, size, gzip, portOf(ours, size), portOf(bare, size), 'of bare node:http', goal)
      }),
    ),
  )
  const what = 'Latency of a single scraper, gzip, as the page grows'
  return [...contests, growth(what, ours, { atMost: 3 }), growth(`${what}: bare node:http`, bare)]
}

/** One server with many series against itself with few. */
function growth(what: string, servers: Servers, goal?: Goal): Contest {
  const [few = 0, many = 0] = [SIZES.at(0), SIZES.at(-1)]
  return {
    what,
    kind: 'latency',
    gzip: true,
    ours: portOf(servers, many),
    against: portOf(servers, few),
    names: [`with ${many.toLocaleString('en')} series`, `with ${few.toLocaleString('en')}`],
    ...(goal === undefined ? {} : { goal }),
  }
}

function againstClient(ours: Servers, client: Servers): Contest[] {
  const name = 'of the official client, rendered for each scrape'
  return [...client].map(([size, { port }]) => contest('rate', size, true, portOf(ours, size), port, name))
}

function againstExporter(ours: Servers, port: number): Contest {
  const name = 'of prometheus-sql-exporter'
  return contest('rate', 10_000, true, portOf(ours, 10_000), port, name, { atLeast: 100 })
}

function contest(
  kind: Contest['kind'],
  size: number,
  gzip: boolean,
  ours: number,
  against: number,
  name: string,
  goal?: Goal,
): Contest {
  const how = kind === 'rate' ? `Scrapes by ${CONNECTIONS} scrapers` : 'Latency of a single scraper'
  const what = `${how}, ${size.toLocaleString('en')} series, ${gzip ? 'gzip' : 'identity'}`
  return { what, kind, gzip, ours, against, names: ['', name], ...(goal === undefined ? {} : { goal }) }
}

function portOf(servers: Servers, size: number): number {
  return servers.get(size)?.port ?? 0
}

function rowOf({ what, kind, names, goal }: Contest, scores: readonly [Score, Score] | undefined): Row {
  if (scores === undefined) throw new Error(`${what}: no scores`)
  const [ours, against] = scores
  const compare = kind === 'rate' ? compareRates : compareTimes
  return compare(what, [ours[kind], names[0]], [against[kind], names[1]], goal)
}

/** Throws when the page does not have as many series as it should. */
async function check(url: string, series: number): Promise<void> {
  const page = await fetch(url).then((response) => response.text())
  const found = page.split('\n').filter((line) => line.startsWith('business_customer_value{')).length
  if (found !== series) throw new Error(`the page has ${found} of ${series} series`)
}
