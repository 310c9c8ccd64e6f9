import postgres from 'postgres'
import t from 'tap'
import { startPostgres } from '../../demo/postgres.ts'
import { shippedFiles } from '../../demo/prometheus.ts'
import { seed } from '../../demo/seed.ts'
import { startTraffic } from '../../demo/traffic.ts'
import { spawnService } from '../process.ts'
import { lacks } from '../program.ts'
import { watchWithPrometheus } from '../prometheus.ts'
import { compressed } from './compression.ts'

/** Some of those that run at every tick: another's interval of minutes would be hours of compressed time. */
const COLLECTORS = [
  'destinations',
  'connections',
  'installations',
  'operations-in-progress',
  'operations-completed',
]
const SCHEMA = new URL('../../demo/schema.sql', import.meta.url).pathname

interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing'
}

t.setTimeout(150_000)
t.test('alerts fire while something is wrong', { skip: lacks('prometheus', 'prometheus') }, async (t) => {
  const server = await startPostgres()
  t.teardown(server.destroy)
  const sql = postgres(server.url, { max: 1, backoff: () => 0.1, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 0 }))
  await sql.file(SCHEMA)
  await seed(sql, { operations: 2000 })
  const traffic = startTraffic(server.url, { perSecond: 50 })
  t.teardown(traffic.stop)
  const service = await spawnService(t, {
    DATABASE_URL: server.url,
    METRICS_TICK_DURATION: '1s',
    COLLECTORS: COLLECTORS.join(),
  })
  await service.said('metrics on')
  const shipped = await shippedFiles(new URL(service.url).host)
  const prometheus = await watchWithPrometheus(t, compressed(shipped))

  async function firing(): Promise<string[]> {
    const { alerts } = await prometheus.get<{ alerts: Alert[] }>('alerts')
    return alerts
      .filter(({ state }) => state === 'firing')
      .map(({ labels: { alertname, collector } }) => `${alertname} ${collector ?? ''}`.trim())
  }
  /** Resolves when each of these fires. */
  const fired = (...alerts: string[]) =>
    prometheus.until(async () => {
      const now = await firing()
      return alerts.every((alert) => now.includes(alert))
    })
  const resolved = () => prometheus.until(async () => (await firing()).length === 0)
  /** All that fired since the first operations were seen. */
  async function seen(): Promise<string[]> {
    const series = await prometheus.query(
      `count_over_time(ALERTS{alertstate="firing"}[${Date.now() - started}ms])`,
    )
    const names = series.map(({ metric: { alertname, collector } }) =>
      `${alertname} ${collector ?? ''}`.trim(),
    )
    return [...new Set(names)].sort()
  }
  await prometheus.until(
    async () => (await prometheus.value('job:business_operations_completed:rate15m > 0')) !== undefined,
  )
  // Prometheus takes 5 seconds to find its first target, which are the 5 minutes of MetricsServiceDown.
  await resolved()
  const started = Date.now()

  const ofBusiness = ['BadCredentialsRising', 'OperationsFailing', 'ProviderOperationsFailing']
  const ofTable = ['CollectorFailing destinations', 'NoFreshData']
  await t.test('alerts fire when a table is gone, credentials go bad and operations fail', async (t) => {
    await sql`ALTER TABLE destinations RENAME TO elsewhere`
    await sql`
      UPDATE connections
         SET status = 'bad_credentials', auth_scheme = 'broken'
       WHERE status = 'working' AND delete_time IS NULL AND hashtext(id::text) % 10 = 0`
    await sql.unsafe(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.status := 'failure'; RETURN NEW; END $$;
      CREATE TRIGGER fails BEFORE UPDATE OF status ON operations FOR EACH ROW EXECUTE FUNCTION fail()`)
    await fired(...ofBusiness, 'CollectorFailing destinations')

    await sql`DROP TRIGGER fails ON operations`
    await sql`UPDATE connections SET status = 'working' WHERE auth_scheme = 'broken'`
    await fired(...ofTable)
    await prometheus.until(async () => !(await firing()).some((alert) => ofBusiness.includes(alert)))
    t.same((await firing()).sort(), ofTable, 'what is not healed fires still')

    await sql`ALTER TABLE elsewhere RENAME TO destinations`
    await resolved()
    t.same(await seen(), [...ofBusiness, ...ofTable].sort(), 'and no other did')
  })

  const ofDatabase = ['DatabaseDown']
  await t.test('alerts fire when the database is stopped', async (t) => {
    await server.stop()
    await fired(...ofDatabase)
    await server.start()
    await resolved()
    t.same(await seen(), [...ofBusiness, ...ofTable, ...ofDatabase].sort(), 'and no other did')
  })

  await t.test('an alert fires when the service hangs', async (t) => {
    service.child.kill('SIGSTOP')
    await fired('MetricsServiceDown')
    service.child.kill('SIGCONT')
    await resolved()
    t.same(
      await seen(),
      [...ofBusiness, ...ofTable, ...ofDatabase, 'MetricsServiceDown'].sort(),
      'and no other did',
    )
  })
})
