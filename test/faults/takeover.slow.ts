import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { createDatabase } from '../database.ts'
import { samplesOf } from '../exposition.ts'
import { Gate, urlOf } from '../gate.ts'
import { poll } from '../poll.ts'
import type { ServiceProcess } from '../process.ts'
import { lacks } from '../program.ts'
import { type PrometheusClient, watchWithPrometheus } from '../prometheus.ts'
import { serveFolder, unharmed } from './process.ts'

t.setTimeout(600_000)

const DATABASES = ['eu', 'us']
const TOTAL = 'business_rows_total'
/** Milliseconds between two rows of a database, and the most between a row's moment and its commit. */
const PACE = 100
const LATE = 8000

/** A replica at a port of its own, behind networks of its own to the databases and to the table with the counters. */
class Replica {
  readonly port: number
  readonly databases: Gate
  readonly store: Gate
  readonly #env: Record<string, string>
  readonly #t: Test
  service: ServiceProcess | undefined

  constructor(t: Test, port: number, databases: Gate, store: Gate, env: Record<string, string>) {
    this.#t = t
    this.port = port
    this.databases = databases
    this.store = store
    this.#env = env
  }

  async start(): Promise<void> {
    this.service = await serveFolder(this.#t, 'takeover', { ...this.#env, PORT: String(this.port) })
  }

  signal(signal: NodeJS.Signals): void {
    this.service?.child.kill(signal)
  }

  async restart(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal)
    await this.service?.exit
    await this.start()
  }

  /** The samples of its page; none while it does not answer. */
  async page(): Promise<Map<string, number>> {
    try {
      const signal = AbortSignal.timeout(1000)
      return samplesOf(await (await fetch(`http://127.0.0.1:${this.port}/metrics`, { signal })).text())
    } catch {
      return new Map()
    }
  }
}

/** Writes rows all the time, of which many are committed long after their moment. */
class Writers {
  #writing = true
  readonly #all: Promise<unknown>[] = []

  constructor(databases: readonly Sql[]) {
    for (const sql of databases) this.#all.push(this.#write(sql))
  }

  async end(): Promise<void> {
    this.#writing = false
    await Promise.all(this.#all)
  }

  async #write(sql: Sql): Promise<void> {
    const late: Promise<unknown>[] = []
    while (this.#writing) {
      const [row] = await sql<[{ now: string }]>`SELECT clock_timestamp()::text AS now`
      const insert = () =>
        sql`INSERT INTO rows (kind, created) VALUES (${Math.random() < 0.5 ? 'a' : 'b'}, ${row.now}::text::timestamptz)`
      late.push(delay(Math.random() * LATE).then(insert))
      await delay(PACE)
    }
    await Promise.all(late)
  }
}

interface Matrix {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>
    readonly values: readonly (readonly [number, string])[]
  }[]
}

/** The samples of each series, as Prometheus has stored them. */
async function seriesOf(prometheus: PrometheusClient, query: string): Promise<Map<string, number[]>> {
  const { result } = await prometheus.get<Matrix>('query', { query })
  return new Map(
    result.map(({ metric, values }) => [
      `${metric.database} ${metric.kind ?? ''}`.trim(),
      values.map(([, value]) => Number(value)),
    ]),
  )
}

const skip = lacks('prometheus', 'prometheus')

t.test('three replicas count each row once, whatever befalls them', { skip }, async (t) => {
  const databases = await Promise.all(DATABASES.map(() => createDatabase(t, { schema: false })))
  const kept = await createDatabase(t, { schema: false })
  for (const { sql } of databases) {
    await sql`CREATE TABLE rows (kind text, created timestamptz)`
    await sql`CREATE INDEX ON rows (created)`
  }
  const [{ url: anyUrl } = kept] = databases
  const replicas = await Promise.all(
    ['a', 'b', 'c'].map(async () => {
      const gate = await Gate.start(t, anyUrl)
      const store = await Gate.start(t, kept.url)
      return new Replica(t, await freePort(), gate, store, {
        DATABASE_URL: databases
          .map(({ url }, i) => `${DATABASES[i]}=${urlOf(url, [gate], '?connect_timeout=1')}`)
          .join(' '),
        STATE_URL: urlOf(kept.url, [store], '?connect_timeout=1'),
        LEADER_ELECTION: 'true',
        METRICS_TICK_DURATION: '2s',
      })
    }),
  )
  await Promise.all(replicas.map((replica) => replica.start()))
  const prometheus = await watchWithPrometheus(t, {
    'prometheus.yml': `
global: { scrape_interval: 500ms, scrape_timeout: 500ms }
scrape_configs:
  - job_name: metrics-service
    static_configs: [{ targets: [${replicas.map(({ port }) => `'127.0.0.1:${port}'`).join(', ')}] }]
    metric_relabel_configs:
      - { source_labels: [__name__], regex: 'business_.*', target_label: instance, replacement: '' }
`,
  })
  /** Resolves when each database is on the page of one replica. */
  const led = async () => {
    const leaders = async () => {
      const pages = await Promise.all(replicas.map((replica) => replica.page()))
      return DATABASES.map((name) =>
        replicas.filter((_, i) => pages[i]?.has(`${TOTAL}{database="${name}",kind="a"}`)),
      )
    }
    return poll(leaders, (leaders) => leaders.every(({ length }) => length === 1))
  }
  const leaderOf = async (place: number) => {
    const replica = (await led())[place]?.[0]
    if (replica === undefined) throw new Error('nobody leads')
    return replica
  }
  await led()
  await prometheus.until(async () => (await prometheus.query(TOTAL)).length === 2 * DATABASES.length)
  const writers = new Writers(databases.map(({ sql }) => sql))

  await t.test('replaced one after another', async () => {
    for (const replica of replicas) {
      await replica.restart('SIGTERM')
      await led()
    }
  })
  await t.test('killed', async () => {
    for (const [place] of DATABASES.entries()) await (await leaderOf(place)).restart('SIGKILL')
    await led()
  })
  await t.test('frozen for a minute', async () => {
    const leader = await leaderOf(0)
    leader.signal('SIGSTOP')
    await delay(60_000)
    leader.signal('SIGCONT')
    await led()
  })
  for (const what of ['databases', 'store', 'both'] as const) {
    await t.test(`cut off from ${what}`, async () => {
      const { databases, store } = await leaderOf(1)
      const gates = what === 'both' ? [databases, store] : [what === 'databases' ? databases : store]
      for (const gate of gates) gate.break('stall', 'now')
      await delay(8000)
      for (const gate of gates) gate.repair()
      await led()
    })
  }
  await t.test('with a table that answers a byte a second', async () => {
    const { store } = await leaderOf(0)
    store.break('trickle', 'now')
    await delay(8000)
    await (await leaderOf(0)).restart('SIGTERM')
    store.repair()
    await led()
  })
  await t.test('with the table away for all, and a takeover meanwhile', async () => {
    for (const { store } of replicas) await store.down()
    await delay(3000)
    await (await leaderOf(0)).restart('SIGKILL')
    await delay(3000)
    for (const { store } of replicas) await store.up()
    await led()
  })

  await writers.end()
  for (const [i, { sql }] of databases.entries()) {
    const name = DATABASES[i]
    const rows = await sql<{ kind: string; count: number }[]>`
      SELECT kind, count(*)::int AS count FROM rows GROUP BY kind ORDER BY kind`
    const counts = new Map(rows.map(({ kind, count }) => [`${name} ${kind}`, count]))
    await prometheus.until(async () => {
      const last = await prometheus.query(`${TOTAL}{database="${name}"}`)
      return last.every(
        ({ metric, value }) => Number(value[1]) >= (counts.get(`${name} ${metric.kind}`) ?? 0),
      )
    })
    for (const [series, values] of await seriesOf(prometheus, `${TOTAL}{database="${name}"}[20m]`)) {
      const increments = values.slice(1).map((value, i) => value - (values[i] ?? 0))
      t.equal(
        increments.reduce((sum, increment) => sum + increment, 0),
        counts.get(series),
        `${series}: the increments are the rows`,
      )
      t.ok(
        increments.every((increment) => increment >= 0),
        `${series}: no sample is less than one before`,
      )
    }
    for (const [series, values] of await seriesOf(prometheus, `business_rows_now{database="${name}"}[20m]`)) {
      t.ok(
        values.every((value) => value > 0 || values.indexOf(value) === 0),
        `${series}: no gauge is 0`,
      )
    }
  }
  for (const { service } of replicas) if (service !== undefined) unharmed(t, service)
})
