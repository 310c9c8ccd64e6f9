import postgres, { type Sql } from 'postgres'
import t, { type Test } from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { type Service, startService } from '../service.ts'

// Another role of the database, which may do no more than connect.

const things = defineCollector({
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql`SELECT 3 AS business_things`,
})

async function setUp(t: Test) {
  const { url, sql } = await createDatabase(t, { schema: false })
  const [{ name = '' } = {}] = await sql`SELECT current_database() AS name`
  const role = `${name}_tenant`
  await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'tenant-tenant'`)
  const own = new URL(url)
  own.username = role
  own.password = 'tenant-tenant'
  const tenant = postgres(own.href, { max: 1, onnotice: () => {} })
  t.teardown(async () => {
    await tenant.end()
    await sql.unsafe(`DROP ROLE ${role}`)
  })
  return { url, sql, tenant, role }
}

/** The keys of the advisory locks that sessions of the service hold; that of the leader is exclusive. */
async function keysOf(sql: Sql): Promise<{ leader: string; member: string }> {
  const found = await poll(
    () => sql<{ mode: string; key: string }[]>`
      SELECT mode, ((classid::bigint << 32) | objid::bigint)::text AS key
        FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND application_name LIKE 'metrics-service%' AND datname = current_database()`,
    (rows) => rows.length === 2,
  )
  const [leader = '', member = ''] = ['ExclusiveLock', 'ShareLock'].map(
    (mode) => found.find((row) => row.mode === mode)?.key ?? '',
  )
  return { leader, member }
}

async function start(t: Test, urls: string): Promise<Service> {
  const env = { DATABASE_URL: urls, LEADER_ELECTION: 'true', METRICS_TICK_DURATION: '5s' }
  const service = await startService(t, env, { collectors: [things] })
  for (const { ticker } of service.app.databases.slice(1)) await ticker.start()
  return service
}

const leads = async ({ scrape }: Service) => (await scrape()).get('collection_leader') === 1

t.test('who holds the lock and is no replica makes the service not ready, and is named once', async (t) => {
  const { url, sql, tenant, role } = await setUp(t)
  const first = await start(t, url)
  const { leader } = await keysOf(sql)
  await first.app.close()
  const [{ pid } = {}] =
    await tenant`SELECT pg_backend_pid() AS pid, pg_advisory_lock_shared(${leader}::bigint)`

  const service = await start(t, url)
  const readiness = () => service.app.inject('/readyz')
  await poll(readiness, ({ statusCode }) => statusCode === 503 && service.database.db.quorate)
  t.match(service.app.readiness().reasons[0], `process ${pid} of role`)
  for (let i = 0; i < 5; i++) t.notOk(await service.database.leader.confirm())
  t.equal((await service.scrape()).get('business_things'), undefined)
  const said = service.log.filter(({ msg }) => msg.startsWith('leader lock held'))
  t.same(
    said.map(({ msg }) => msg),
    [`leader lock held by another role, so that no replica can lead: process ${pid} of role "${role}"`],
  )

  await tenant`SELECT pg_advisory_unlock_all()`
  await poll(
    () => leads(service),
    (leads) => leads,
  )
  t.match(await poll(readiness, ({ statusCode }) => statusCode === 200), { statusCode: 200 })
  t.ok(service.log.some(({ msg }) => msg === 'leader lock no longer held by another role'))
})

for (const how of ['pg_advisory_lock_shared', 'pg_advisory_lock'] as const) {
  t.test(`another role is no replica by ${how}`, async (t) => {
    const { url, sql, tenant } = await setUp(t)
    const databases = `eu=${url} us=${url}`
    const first = await start(t, databases)
    const keys = await poll(
      () => sql<{ key: string }[]>`
        SELECT DISTINCT ((classid::bigint << 32) | objid::bigint)::text AS key
          FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      (rows) => rows.length === 2,
    )
    await first.app.close()
    for (const { key } of keys) await tenant.unsafe(`SELECT ${how}('${key}'::bigint)`)
    const service = await start(t, databases)
    const led = async () => {
      const samples = await service.scrape()
      return ['eu', 'us'].map((name) => samples.get(`collection_leader{database="${name}"}`))
    }
    t.same(await poll(led, (led) => led.every((one) => one === 1)), [1, 1])
    // Again after more than a lease: nothing was given up for the other one.
    for (let i = 0; i < 3; i++) {
      for (const { leader } of service.app.databases) t.ok(await leader.confirm())
    }
    t.notOk(service.log.some(({ msg }) => msg === 'this replica no longer leads'))
  })
}
