import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { seed } from '../demo/seed.ts'
import { counter, defineCollector } from '../src/collector.ts'
import { createDatabase } from './database.ts'
import { lacks } from './program.ts'
import { watchWithPrometheus } from './prometheus.ts'
import { startService } from './service.ts'

const COLLECTORS = new URL('../collectors', import.meta.url).pathname
interface Target {
  readonly health: string
  readonly lastError: string
}
interface Metadata {
  readonly type: string
  readonly unit: string
}

/** Scrapes this host:port every second. */
const configOf = (target: string) => `
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: service
    static_configs: [{ targets: ['${target}'] }]
`

/** A proxy before the service, which leaves out some headers of a request and keeps what the answers are. */
async function startProxy(t: Test, url: string, without: readonly string[]) {
  const answers = new Set<string>()
  const server = http.createServer((request, response) => {
    const headers = Object.entries(request.headers).filter(([name]) => !without.includes(name))
    http.get(url + request.url, { headers: Object.fromEntries(headers), agent: false }, (answer) => {
      answers.add(`${answer.headers['content-encoding']} ${answer.headers['content-type']}`)
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { target: `127.0.0.1:${(server.address() as AddressInfo).port}`, answers }
}

/** The business samples of a page in Prometheus' terms. */
function seriesOf(page: string): Map<string, number> {
  const series = new Map<string, number>()
  for (const line of page.split('\n')) {
    const [, name = '', pairs = '', value] = /^(business_\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === '') continue
    const labels = [...pairs.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(([, label = '', text = '']) => [
      label,
      JSON.parse(`"${text}"`),
    ])
    series.set(keyOf(name, Object.fromEntries(labels)), Number(value))
  }
  return series
}

/** A bound is spelled in one way or the other, as the format and the version of Prometheus have it. */
function keyOf(name: string, { le, ...labels }: Readonly<Record<string, string>>): string {
  const bound = le === undefined ? {} : { le: le === '+Inf' ? le : String(Number(le)) }
  return `${name} ${JSON.stringify(Object.entries({ ...labels, ...bound }).sort())}`
}

const formats = [
  ['OpenMetrics by itself', 'application/openmetrics-text; version=1.0.0; charset=utf-8', [], 'seconds'],
  ['text when it asks for nothing', 'text/plain; version=0.0.4; charset=utf-8', ['accept'], ''],
] as const
for (const [what, type, without, unit] of formats) {
  t.test(
    `Prometheus scrapes ${what}, and has what the database has`,
    { skip: lacks('prometheus', 'prometheus') },
    async (t) => {
      const { url, sql } = await createDatabase(t)
      await seed(sql, { operations: 2000 })
      const { app, round } = await startService(t, { DATABASE_URL: url }, { folder: COLLECTORS })
      const address = await app.listen({ port: 0, host: '127.0.0.1' })
      const { target, answers } = await startProxy(t, address, without)
      const prometheus = await watchWithPrometheus(t, { 'prometheus.yml': configOf(target) })
      const count = async (query: Promise<readonly { n?: number }[]>) => (await query)[0]?.n

      await prometheus.until(async () => (await prometheus.value('up')) === 1)
      await prometheus.until(async () => (await prometheus.value('business_connections_created_total')) === 0)
      t.same([...answers], [`gzip ${type}`])

      const [started] = await sql<{ now: Date }[]>`SELECT now()`
      const ids = Array.from({ length: 7 }, () => randomUUID())
      await sql`
        INSERT INTO connections
        SELECT (jsonb_populate_record(one, jsonb_build_object('id', new.id, 'create_time', now()))).*
          FROM unnest(${ids}::uuid[]) AS new (id),
               (SELECT connections AS one FROM connections WHERE delete_time IS NULL LIMIT 1) AS given`
      await sql`
        DELETE FROM destinations
         WHERE id IN (SELECT id FROM destinations WHERE delete_time IS NULL AND type = 'webhook' LIMIT 2)`
      await round()
      await prometheus.until(
        async () => ((await prometheus.value('business_connections_created_total')) ?? 0) > 0,
      )

      t.equal(
        await prometheus.value('business_connections_created_total'),
        await count(sql`SELECT count(*)::int AS n FROM connections WHERE create_time > ${started?.now ?? 0}`),
      )
      t.equal(
        await prometheus.value('sum(business_connections)'),
        await count(sql`SELECT count(*)::int AS n FROM connections WHERE delete_time IS NULL`),
      )
      t.equal(
        await prometheus.value('business_destinations{type="webhook"}'),
        await count(
          sql`SELECT count(*)::int AS n FROM destinations WHERE delete_time IS NULL AND type = 'webhook'`,
        ),
      )
      t.equal(
        await prometheus.value('sum(business_installations_active{health_status="unhealthy"})'),
        await count(
          sql`SELECT count(*)::int AS n FROM installations WHERE delete_time IS NULL AND health_status = 'unhealthy'`,
        ),
      )

      const page = (await app.inject({ url: '/metrics', headers: { accept: type } })).body
      const result = await prometheus.query('{__name__=~"business_.+"}')
      const theirs = result.map(({ metric, value }): [string, number] => {
        const { __name__: name = '', job: _, instance: __, ...labels } = metric
        return [keyOf(name, labels), Number(value[1])]
      })
      t.same(theirs.sort(), [...seriesOf(page)].sort(), 'each sample of the page')
      t.ok(theirs.length > 100)

      const metadata = await prometheus.get<Record<string, Metadata[]>>('metadata', {
        metric: 'business_operation_duration_seconds',
      })
      t.equal(metadata.business_operation_duration_seconds?.[0]?.type, 'histogram')
      t.equal(metadata.business_operation_duration_seconds?.[0]?.unit, unit)
      const { activeTargets } = await prometheus.get<{ activeTargets: Target[] }>('targets')
      t.same(
        activeTargets.map(({ health, lastError }) => [health, lastError]),
        [['up', '']],
      )
      t.notMatch(prometheus.log(), /error on ingesting|append failed|level=error/i)
    },
  )
}

t.test(
  'a counter has the name in Prometheus that it has in its collector',
  { skip: lacks('prometheus', 'prometheus') },
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const requests = defineCollector({
      name: 'requests',
      metrics: {
        business_requests: counter('Requests.'),
        business_wait_seconds: counter('Wait.'),
        business_replies_total: counter('Replies.'),
      },
      query: (sql) =>
        sql`SELECT 1 AS business_requests, 2 AS business_wait_seconds, 3 AS business_replies_total`,
    })
    for (const [format, , without] of formats) {
      const { app } = await startService(t, { DATABASE_URL: url }, { collectors: [requests] })
      const address = await app.listen({ port: 0, host: '127.0.0.1' })
      const { target } = await startProxy(t, address, without)
      const prometheus = await watchWithPrometheus(t, { 'prometheus.yml': configOf(target) })
      await prometheus.until(async () => (await prometheus.value('up')) === 1)
      const found = await prometheus.query('{__name__=~"business_.+"}')
      t.same(
        found.map(({ metric: { __name__: name }, value }) => [name, value[1]]).sort(),
        [
          ['business_replies_total', '3'],
          ['business_requests', '1'],
          ['business_wait_seconds', '2'],
        ],
        format,
      )
    }
  },
)
