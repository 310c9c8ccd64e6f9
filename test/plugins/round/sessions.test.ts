import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import { type CollectorPlugin, defineCollector, gauge, open } from '../../../src/collector.ts'
import { patienceFor } from '../../../src/round/patience.ts'
import { countBackends, untilBlocked } from '../../backends.ts'
import { createDatabase } from '../../database.ts'
import { poll } from '../../poll.ts'
import { type Service, startService } from '../../service.ts'

/** Collectors that say which snapshot they read and through which process, and hold still while the test holds a lock. */
function readers(names: string): CollectorPlugin[] {
  return [...names].map((name) =>
    defineCollector({
      name,
      labels: { snapshot: open(20), process: open(20) },
      metrics: { [`business_${name}`]: gauge('Size.') },
      query: (sql) => sql`
        SELECT pg_current_snapshot()::text AS snapshot, pg_backend_pid() AS process,
               1 AS ${sql(`business_${name}`)}
          FROM (SELECT pg_advisory_xact_lock_shared(${name.charCodeAt(0)}::int)) AS locked`,
    }),
  )
}

/** What the page says of each reader. */
async function seen({ scrape }: Service): Promise<{ name: string; snapshot: string; process: number }[]> {
  return [...(await scrape()).keys()].flatMap((key) => {
    const [, name = '', snapshot = '', process] =
      /^business_(.){snapshot="(.*)",process="(.*)"}/.exec(key) ?? []
    return process === undefined ? [] : [{ name, snapshot, process: Number(process) }]
  })
}

/** Holds the readers of this name still until the returned function is called. */
async function hold(sql: Sql, name: string): Promise<() => Promise<void>> {
  const lock = await sql.reserve()
  await lock`SELECT pg_advisory_lock(${name.charCodeAt(0)}::int)`
  return async () => {
    await lock`SELECT pg_advisory_unlock(${name.charCodeAt(0)}::int)`
    lock.release()
  }
}

interface Site extends Service {
  readonly sql: Sql
  readonly name: string
}

/** A service whose collectors have run, and were quick. */
async function quick(t: Test, collectors: CollectorPlugin[], env = {}): Promise<Site> {
  const { url, sql } = await createDatabase(t, { schema: false })
  const service = await startService(t, { DATABASE_URL: url, ...env }, { collectors })
  // On a busy machine a first round may be slow.
  while (patienceFor(service.database.collectors.list) === 0) await service.round()
  return { ...service, sql, name: new URL(url).pathname.slice(1) }
}

const failing = ({ database }: Service) =>
  database.collectors.list.flatMap(({ collector, error }) => (error === undefined ? [] : collector.name))

/** The process that holds the transaction of the round. */
async function leader({ sql, name }: Site): Promise<number> {
  const [row] = await sql<[{ pid: number }]>`
    SELECT pid FROM pg_stat_activity
     WHERE datname = ${name} AND application_name = 'metrics-service' AND xact_start IS NOT NULL
     ORDER BY xact_start LIMIT 1`
  return row.pid
}

t.test('a quiet round runs in one session, and the others are closed', async (t) => {
  const site = await quick(t, readers('abcdef'))
  await site.round()
  const found = await seen(site)
  t.equal(found.length, 6)
  t.equal(new Set(found.map(({ process }) => process)).size, 1, 'one session')
  t.equal(new Set(found.map(({ snapshot }) => snapshot)).size, 1, 'one snapshot')
  while ((await countBackends(site.sql, site.name)) > 1) await site.round()
})

t.test('a collector that is slow all of a sudden holds no other up, and all read one snapshot', async (t) => {
  const site = await quick(t, readers('abcdef'))
  const release = await hold(site.sql, 'b')
  const round = site.round()
  await untilBlocked(site.sql, site.name)
  // Whoever took a snapshot of his own after this would see it.
  await site.sql`CREATE TABLE written_meanwhile ()`
  await poll(
    () => site.database.round.progress?.done,
    (done) => done === 5,
  )
  await release()
  await round
  const found = await seen(site)
  t.equal(found.length, 6)
  t.equal(new Set(found.map(({ snapshot }) => snapshot)).size, 1, 'one snapshot')
  const processes = new Map(found.map(({ name, process }) => [name, process]))
  t.equal(processes.get('a'), processes.get('b'), 'it ran in the session that leads')
  t.not(processes.get('f'), processes.get('b'), 'the last did not wait for it')
})

/** Waits until a round runs one reader in the session that leads, and another one beside it. */
async function untilTwoBlocked({ sql, name }: Site): Promise<void> {
  await poll(
    () => sql`
      SELECT FROM pg_stat_activity
       WHERE datname = ${name} AND application_name = 'metrics-service' AND wait_event_type = 'Lock'`,
    (waiting) => waiting.length === 2,
  )
}

/** A round whose session that leads has nothing to do, while another one reads beside it until `second` is called. */
async function withIdleLead(t: Test) {
  const site = await quick(t, readers('ab'), { COLLECTOR_CONCURRENCY: '2' })
  const [first, second] = [await hold(site.sql, 'a'), await hold(site.sql, 'b')]
  const round = site.round()
  await untilTwoBlocked(site)
  await first()
  await poll(
    () => site.database.round.progress?.done,
    (done) => done === 1,
  )
  return { site, second, round }
}

t.test('when the session that leads is ended in a round, what it ran and what waits succeeds', async (t) => {
  const site = await quick(t, readers('abcdef'), { COLLECTOR_CONCURRENCY: '2' })
  const [first, second] = [await hold(site.sql, 'a'), await hold(site.sql, 'b')]
  const round = site.round()
  await untilTwoBlocked(site)
  await site.sql`SELECT pg_terminate_backend(${await leader(site)}, 5000)`
  await first()
  await second()
  await round
  t.same(failing(site), [])
  t.equal((await site.scrape()).get('collection_duration_seconds_count{result="failure"}'), 0)
  const snapshots = new Map((await seen(site)).map(({ name, snapshot }) => [name, snapshot]))
  t.equal(new Set([...'acdef'].map((name) => snapshots.get(name))).size, 1, 'they share the next snapshot')
})

t.test('a session that reads the snapshot goes on when the one that leads is ended', async (t) => {
  const { site, second, round } = await withIdleLead(t)
  await site.sql`SELECT pg_terminate_backend(${await leader(site)}, 5000)`
  await second()
  await round
  t.same(failing(site), [])
  const [a, b] = await seen(site)
  t.equal(a?.snapshot, b?.snapshot)
})

t.test('the session that leads is used again and again while it waits for others', async (t) => {
  const { site, second, round } = await withIdleLead(t)
  const pid = await leader(site)
  const changes = new Set<string>()
  await poll(
    async () => {
      const [row] = await site.sql<[{ changed: string }]>`
        SELECT state_change::text AS changed FROM pg_stat_activity WHERE pid = ${pid}`
      return changes.add(row.changed).size
    },
    (count) => count > 3,
  )
  await second()
  await round
  t.same(failing(site), [])
})

t.test('a round holds back vacuum in each of its sessions, and none does after it', async (t) => {
  const site = await quick(t, readers('ab'))
  const release = await hold(site.sql, 'a')
  const holding = async () => {
    const found = await site.sql`
      SELECT FROM pg_stat_activity
       WHERE datname = ${site.name} AND application_name = 'metrics-service' AND backend_xmin IS NOT NULL`
    return found.length
  }
  const round = site.round()
  await untilBlocked(site.sql, site.name)
  t.ok((await holding()) > 0)
  await release()
  await round
  t.equal(await holding(), 0)
})

/** A collector that does harm to the session that it runs in, and says in `runs` how often it was asked. */
const harmful = (harm: string, runs: { count: number }) =>
  defineCollector({
    name: 'harmful',
    metrics: { business_harm: gauge('Harm.') },
    query: (sql) => {
      runs.count++
      return sql`${sql.unsafe(harm)}`
    },
  })

for (const [what, harm, asked, message] of [
  ['commits', 'COMMIT', 1, /returns no column|ended the transaction/],
  ['rolls back', 'ROLLBACK', 1, /returns no column|ended the transaction/],
  ['commits and begins anew', 'COMMIT AND CHAIN', 1, /returns no column|ended the transaction/],
  [
    'ends its session',
    'SELECT count(pg_terminate_backend(pg_backend_pid())) AS business_harm',
    2,
    /terminating connection|closed the connection/,
  ],
] as const) {
  t.test(`a collector that ${what} fails alone`, async (t) => {
    const runs = { count: 0 }
    const [first, ...others] = readers('abcdef')
    const site = await quick(t, [...(first ? [first] : []), harmful(harm, runs), ...others])
    runs.count = 0
    await site.round()
    t.same(failing(site), ['harmful'])
    t.equal(runs.count, asked)
    t.match(site.database.collectors.list[1]?.error?.message, message)
    const snapshots = new Map((await seen(site)).map(({ name, snapshot }) => [name, snapshot]))
    t.equal(snapshots.size, 6)
    t.equal(new Set([...'bcdef'].map((name) => snapshots.get(name))).size, 1)
  })
}
