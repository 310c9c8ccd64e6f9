import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { buildApp } from '../../src/app.ts'
import { counter, defineCollector, gauge } from '../../src/collector.ts'

const collectors = [
  defineCollector({
    name: 'things',
    labels: { kind: ['even', 'odd'] },
    metrics: { business_things: gauge('Things.') },
    query: (sql) => sql`
      SELECT CASE g % 2 WHEN 0 THEN 'even' ELSE 'odd' END AS kind, count(*) AS business_things
        FROM generate_series(1, 50) g GROUP BY 1`,
  }),
  defineCollector({
    name: 'events',
    metrics: { business_events_total: counter('Events.') },
    window: { settle: '1s' },
    query: (sql, { from, to }) => sql`
      SELECT count(*) AS business_events_total FROM generate_series(${from}, ${to}, interval '1 s')`,
  }),
]

/** A service in this process whose rounds are the test's. */
export interface Service {
  /** Lines of the log since this was last asked. */
  lines(): readonly string[]
  round(): Promise<void>
  /** The status of /healthz. */
  health(): Promise<number>
  close(): Promise<void>
}

export async function startService(url: string): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-service-fuzz-'))
  const lines: string[] = []
  const stream = new Writable({
    write(line, _encoding, done) {
      lines.push(String(line))
      done()
    },
  })
  const env = { DATABASE_URL: url, METRICS_TICK_DURATION: '24h', DEBUG_PORT: '0' }
  const app = await buildApp({ env, folder, logger: { stream } })
  for (const { collector } of collectors) app.collectors.add(collector)
  await app.ready()
  const [database] = app.databases
  if (database === undefined) throw new Error('the service has no database')
  await database.ticker.start()
  await database.round.settled()
  let tick = 0
  return {
    lines: () => lines.splice(0),
    round: () => database.round.run(++tick, database.collectors.list),
    health: async () => (await app.inject('/healthz')).statusCode,
    async close() {
      await app.close()
      rmSync(folder, { recursive: true })
    },
  }
}
