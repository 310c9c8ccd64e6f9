import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import { type Postgres, startPostgres } from '../../demo/postgres.ts'
import { counter, defineCollector, gauge } from '../../src/collector.ts'
import { client } from '../faults/server.ts'
import { createStandby } from '../faults/standby.ts'
import { poll } from '../poll.ts'
import { type Service, startService } from '../service.ts'

/** Milliseconds that rows may be committed after their own moment. */
const SETTLE = 500

const events = defineCollector({
  name: 'events',
  metrics: { business_events_total: counter('Events.') },
  window: { settle: `${SETTLE}ms` },
  query: (sql, { from, to }) => sql`
    SELECT count(*) AS business_events_total FROM events WHERE happened > ${from} AND happened <= ${to}`,
})
const rows = defineCollector({
  name: 'rows',
  metrics: { business_rows: gauge('Rows.') },
  query: (sql) => sql`SELECT count(*) AS business_rows FROM events`,
})

/** A primary and its standby, a service that collects from both or one of them, and what was seen of it. */
interface Scene {
  readonly primary: Postgres
  readonly standby: Postgres
  readonly onPrimary: Sql
  readonly onStandby: () => Sql
  readonly service: Service
  /** Commits some events, and keeps how many there are then. */
  add(count: number): Promise<void>
  /** Runs a round, and looks at its page. */
  round(): Promise<void>
  /** Repeats rounds until the gauge has this many rows. */
  until(rows: number): Promise<void>
  readonly gauge: () => number | undefined
  readonly counter: () => number | undefined
}

t.setTimeout(300_000)

async function setScene(t: Test, hosts: 'both' | 'standby', env = {}, setting = ''): Promise<Scene> {
  const primary = await startPostgres()
  t.teardown(() => primary.destroy())
  const setUp = client(t, primary.url)
  await setUp.unsafe(`
    CREATE TABLE events (happened timestamptz DEFAULT clock_timestamp());
    CREATE INDEX ON events (happened);
    INSERT INTO events SELECT FROM generate_series(1, 5);
    ${setting}`)
  await setUp.end()
  const standby = await createStandby(t, primary)
  const onPrimary = client(t, primary.url)
  const passwordOf = (server: Postgres) => new URL(server.url).password
  const standbyUrl = standby.url.replace(passwordOf(standby), passwordOf(primary))
  const totals = new Set([5])
  let total = 5
  const add = async (count: number) => {
    total += count
    totals.add(total)
    await onPrimary`INSERT INTO events SELECT FROM generate_series(1, ${count}::int)`
  }
  const names = (hosts === 'both' ? [primary, standby] : [standby]).map(({ port }) => `127.0.0.1:${port}`)
  const service = await startService(
    t,
    {
      DATABASE_URL: (setting === '' ? primary.url : urlOf(primary, 'reader')).replace(
        new URL(primary.url).host,
        names.join(),
      ),
      ...env,
    },
    { collectors: [events, rows] },
  )
  let last: { gauge: number; counter: number } = { gauge: 0, counter: 0 }
  const look = async () => {
    const samples = await service.scrape()
    const gauge = samples.get('business_rows') ?? last.gauge
    const counter = samples.get('business_events_total') ?? 0
    if (!totals.has(gauge)) t.fail(`there never were ${gauge} rows`)
    if (gauge < last.gauge) t.fail(`the gauge went back from ${last.gauge} to ${gauge}`)
    if (counter < last.counter) t.fail(`the counter fell from ${last.counter} to ${counter}`)
    last = { gauge, counter }
  }
  await look()
  const round = async () => {
    await service.round()
    await look()
  }
  return {
    primary,
    standby,
    onPrimary,
    onStandby: () => client(t, standbyUrl),
    service,
    add,
    round,
    async until(rows) {
      await poll(
        async () => {
          await round()
          return last.gauge
        },
        (gauge) => gauge === rows,
      )
    },
    gauge: () => last.gauge,
    counter: () => last.counter,
  }
}

/** The URL of a role that has its name as password. */
function urlOf({ url }: Postgres, role: string): string {
  const { host } = new URL(url)
  return `postgres://${role}:${role}@${host}/postgres`
}

/** Rounds until everything is old enough to be counted for good. */
async function settle(scene: Scene): Promise<void> {
  await scene.round()
  await delay(SETTLE + 100)
  await scene.round()
  await scene.round()
}

async function pause(sql: Sql): Promise<void> {
  await sql`SELECT pg_wal_replay_pause()`
  await poll(
    async () => (await sql`SELECT pg_get_wal_replay_pause_state() AS state`)[0]?.state,
    (state) => state === 'paused',
  )
}

t.test('a standby whose replay is paused for longer than settle loses no row', async (t) => {
  const scene = await setScene(t, 'standby')
  const sql = scene.onStandby()
  await scene.add(10)
  await scene.until(15)
  t.equal(scene.counter(), 10)
  await pause(sql)
  await scene.add(100)
  await delay(3 * SETTLE)
  await scene.round()
  t.equal(scene.gauge(), 15)
  t.equal(scene.counter(), 10)
  await sql`SELECT pg_wal_replay_resume()`
  await scene.until(115)
  await settle(scene)
  t.equal(scene.counter(), 110, 'each row is counted')
})

t.test('a paused standby makes way for the primary, and is used again when it has caught up', async (t) => {
  const scene = await setScene(t, 'both', { DATABASE_MAX_LAG: '1s' })
  const sql = scene.onStandby()
  const lag = `database_replication_lag_seconds{endpoint="127.0.0.1:${scene.standby.port}"}`
  await scene.add(10)
  await scene.until(15)
  await pause(sql)
  await scene.add(100)
  await scene.until(115)
  t.ok(Number((await scene.service.scrape()).get(lag)) > 1, 'the page has the lag')
  t.equal(scene.service.database.db.current, `127.0.0.1:${scene.primary.port}`)
  await settle(scene)
  t.equal(scene.counter(), 110)
  await sql`SELECT pg_wal_replay_resume()`
  await poll(
    async () => {
      await scene.add(1)
      await scene.round()
      return scene.service.database.db.current
    },
    (current) => current === `127.0.0.1:${scene.standby.port}`,
  )
  await settle(scene)
  await scene.until(Number((await scene.onPrimary`SELECT count(*)::int AS n FROM events`)[0]?.n))
  t.equal(scene.counter(), Number(scene.gauge()) - 5)
})

t.test('a standby that applies late delays counters, and loses nothing', async (t) => {
  const scene = await setScene(t, 'standby')
  const sql = scene.onStandby()
  await sql`ALTER SYSTEM SET recovery_min_apply_delay = '2s'`
  await sql`SELECT pg_reload_conf()`
  let count = 0
  for (let i = 1; i <= 20; i++) {
    await scene.add(i)
    count += i
    await delay(150)
    await scene.round()
  }
  await scene.until(count + 5)
  await settle(scene)
  t.equal(scene.counter(), count)
})

t.test('a standby that returns with WAL to replay is not used before it has', async (t) => {
  const scene = await setScene(t, 'both')
  const sql = scene.onStandby()
  await sql`ALTER SYSTEM SET recovery_min_apply_delay = '3s'`
  await sql.end()
  await scene.standby.stop()
  await scene.add(10)
  await scene.until(15)
  await settle(scene)
  await scene.standby.start()
  for (let i = 0; i < 20; i++) {
    await scene.add(3)
    await delay(200)
    await scene.round()
  }
  await scene.until(75)
  await settle(scene)
  t.equal(scene.counter(), 70)
})

t.test('when the primary dies, its standby is used as far as the page was, and then promoted', async (t) => {
  const scene = await setScene(t, 'both', { DATABASE_MAX_LAG: '1s' })
  const sql = scene.onStandby()
  await scene.add(10)
  await scene.until(15)
  await pause(sql)
  await scene.add(100)
  await scene.until(115)
  const position = (await scene.onPrimary`SELECT pg_current_wal_flush_lsn()::text AS lsn`)[0]?.lsn
  await poll(
    async () => (await sql`SELECT pg_last_wal_receive_lsn() >= ${position}::pg_lsn AS has`)[0]?.has,
    (has) => has === true,
  )
  await scene.primary.stop('kill')
  await scene.round()
  const failed = await scene.service.scrape()
  t.equal(failed.get('collector_success{collector="rows"}'), 0, 'it is not used while it is behind the page')
  t.match(scene.service.log.at(-1)?.msg, /^database unavailable: .*has not replayed yet what the page shows$/)
  await sql`SELECT pg_wal_replay_resume()`
  await sql`SELECT pg_promote()`
  await scene.until(115)
  await settle(scene)
  t.equal(scene.counter(), 110)
  const promoted = scene.onStandby()
  await promoted`INSERT INTO events SELECT FROM generate_series(1, 7)`
  await scene.service.round()
  t.equal((await scene.service.scrape()).get('business_rows'), 122)
  t.equal((await scene.service.scrape()).get('business_events_total'), 117)
})

t.test('counters on a standby of a primary where nobody writes are not behind', async (t) => {
  const scene = await setScene(t, 'standby')
  await scene.add(10)
  await scene.until(15)
  await settle(scene)
  const page = await scene.service.scrape()
  const counted = page.get('collector_counted_to_timestamp_seconds{collector="events"}') ?? 0
  t.ok(
    Date.now() / 1000 - counted > (2 * SETTLE) / 1000,
    'what it has replayed is older than what is to be counted',
  )
  t.equal(page.get('collector_counters_behind_seconds{collector="events"}'), 0)
})

t.test('an engine that says nothing of its replay counts for good by its clock', async (t) => {
  const scene = await setScene(
    t,
    'standby',
    {},
    `CREATE ROLE reader LOGIN PASSWORD 'reader';
     GRANT SELECT ON events TO reader;
     REVOKE EXECUTE ON FUNCTION pg_last_wal_replay_lsn(), pg_last_xact_replay_timestamp() FROM PUBLIC`,
  )
  const counted = 'collector_counted_to_timestamp_seconds{collector="events"}'
  const before = Number((await scene.service.scrape()).get(counted))
  await scene.add(10)
  await scene.until(15)
  await settle(scene)
  t.equal(scene.counter(), 10)
  t.ok(Number((await scene.service.scrape()).get(counted)) > before)
})
