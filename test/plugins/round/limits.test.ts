import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import {
  type CollectorPlugin,
  type Duration,
  defineCollector,
  type Fragment,
  gauge,
} from '../../../src/collector.ts'
import type { Environment } from '../../../src/config/read.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

type Query = (sql: Parameters<CollectorPlugin['collector']['query']>[0]) => Fragment

const asking = (query: Query, timeout?: Duration) =>
  defineCollector({
    name: 'odd',
    metrics: { business_odd: gauge('Odd.') },
    ...(timeout === undefined ? {} : { timeout }),
    query,
  })

const SLEEP: Query = (sql) => sql`SELECT 1 AS business_odd FROM pg_sleep(60)`
const OF_THINGS: Query = (sql) => sql`SELECT count(*) AS business_odd FROM things`

/** What the log says of the only collector's failure. */
async function saidOf(t: Test, url: string, collector: CollectorPlugin, env: Environment = {}) {
  const service = await startService(t, { DATABASE_URL: url, ...env }, { collectors: [collector] })
  const said = () =>
    service.log.flatMap(({ msg }) => (msg.startsWith('collector failed: ') ? [msg.slice(18)] : []))
  const [first = ''] = said()
  return { ...service, first }
}

t.test('a timeout says whose limit it was, what helps, and when the collector runs again', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { first, round, app } = await saidOf(t, url, asking(SLEEP), { COLLECTOR_TIMEOUT: '200ms' })
  t.equal(
    first,
    'canceling statement due to statement timeout: it took longer than its limit of 200ms (COLLECTOR_TIMEOUT) — an index, a window or a longer limit helps: docs/operations.md#collectorfailing; it runs again at the next tick, and less often while this lasts',
  )
  // It runs at ticks 1 and 3, and then at 7.
  for (let tick = 1; tick <= 3; tick++) await round()
  t.match(app.readiness().reasons[0], /COLLECTOR_TIMEOUT.*; it now runs every 4 ticks/)
  for (let tick = 4; tick <= 6; tick++) await round()
  const { runs } = app.databases[0]?.collectors.list[0] ?? { runs: [] }
  t.equal(runs.length, 3)
  await round()
  t.equal(runs.length, 4)
})

t.test("a collector's own timeout is said to be its own, by check as well", async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { first, database } = await saidOf(t, url, asking(SLEEP, '300ms'))
  t.match(first, 'its limit of 300ms (its own timeout)')
  const { reports } = await database.inspector.check(database.collectors.list, { explain: false, samples: 0 })
  for await (const { errors } of reports) {
    t.match(errors, [
      { problem: /its limit of 300ms \(its own timeout\)$/, advice: /longer limit helps: docs[^;]*$/ },
    ])
  }
})

t.test('a query that somebody cancels is not said to have met a limit', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const cancel: Query = (sql) => sql`SELECT 1 AS business_odd FROM pg_sleep(60)`
  const started = saidOf(t, url, asking(cancel))
  for (;;) {
    const found = await sql`
      SELECT pg_cancel_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event = 'PgSleep'`
    if (found.length > 0) break
  }
  t.match((await started).first, /^canceling statement due to user request — somebody has cancelled it/)
})

async function held(sql: Sql): Promise<() => Promise<void>> {
  const holder = await sql.reserve()
  await holder`BEGIN`
  await holder`LOCK TABLE things`
  return async () => {
    await holder`ROLLBACK`
    holder.release()
  }
}

for (const [what, query, named] of [
  ['of a table is named', OF_THINGS, ' on things — '],
  [
    'of a table in quotes and a schema is named',
    (sql) => sql`SELECT count(*) AS business_odd FROM "public"."things"`,
    ' on "public"."things" — ',
  ],
  [
    'of a table behind a view is told apart',
    (sql) => sql`SELECT count(*) AS business_odd FROM viewed`,
    ', on a table that its query reads — ',
  ],
] as const satisfies [string, Query, string][]) {
  t.test(`a lock ${what} from a statement that takes long, with a short limit too`, async (t) => {
    const { url, sql } = await createDatabase(t, { schema: false })
    await sql`CREATE TABLE things (id int)`
    await sql`CREATE VIEW viewed AS SELECT * FROM things`
    const release = await held(sql)
    const { first } = await saidOf(t, url, asking(query), { COLLECTOR_TIMEOUT: '1s' })
    const said = first.replace(/ \(\S+\.ts:\d+:\d+\)/, '')
    t.match(said, `canceling statement due to lock timeout: it waited 800ms for a lock${named}`)
    t.match(
      first,
      /another session holds it.*docs\/operations.md#collectorfailing; it runs again at the next tick/,
    )
    await release()
  })
}

const NAME = 'Odd "Things"'
/** What a role lacks, and the query that needs it. */
const denied: [what: string, setUp: string, query: Query, grant: string][] = [
  ['table', '', (sql) => sql`SELECT count(*) AS business_odd FROM things`, 'SELECT ON things'],
  [
    'table whose name needs quotes',
    'ALTER TABLE things RENAME TO "Odd ""Things"""',
    (sql) => sql`SELECT count(*) AS business_odd FROM ${sql(NAME)}`,
    'SELECT ON "Odd ""Things"""',
  ],
  [
    'table that is named with a word of SQL',
    'ALTER TABLE things RENAME TO "order"',
    (sql) => sql`SELECT count(*) AS business_odd FROM "order"`,
    'SELECT ON "order"',
  ],
  [
    'view',
    'CREATE VIEW viewed AS SELECT * FROM things',
    (sql) => sql`SELECT count(*) AS business_odd FROM viewed`,
    'SELECT ON viewed',
  ],
  [
    'materialized view',
    'CREATE MATERIALIZED VIEW kept AS SELECT * FROM things',
    (sql) => sql`SELECT count(*) AS business_odd FROM kept`,
    'SELECT ON kept',
  ],
  [
    'schema',
    'CREATE SCHEMA shop; CREATE VIEW shop.one AS SELECT 1; GRANT SELECT ON shop.one TO PUBLIC',
    (sql) => sql`SELECT count(*) AS business_odd FROM shop.one`,
    'USAGE ON SCHEMA shop',
  ],
  [
    'function',
    `CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE EXECUTE ON FUNCTION one FROM PUBLIC`,
    (sql) => sql`SELECT one() AS business_odd`,
    'EXECUTE ON FUNCTION one',
  ],
  [
    'sequence',
    'CREATE SEQUENCE numbers',
    (sql) => sql`SELECT last_value AS business_odd FROM numbers`,
    'SELECT ON SEQUENCE numbers',
  ],
]
for (const [what, setUp, query, grant] of denied) {
  t.test(`a ${what} that may not be read comes with the GRANT that lets the collector succeed`, async (t) => {
    const { url, sql } = await createDatabase(t, { schema: false })
    const own = new URL(url)
    const role = own.pathname.slice(1).replace('test', 'Role')
    await sql.unsafe(`CREATE ROLE "${role}" LOGIN PASSWORD 'only-for-the-test'`)
    t.teardown(() => sql.unsafe(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`))
    await sql.unsafe(`CREATE TABLE things (id int); ${setUp}`)
    ;[own.username, own.password] = [role, 'only-for-the-test']
    const { first, round, scrape } = await saidOf(t, own.href, asking(query))
    t.match(first, /^permission denied for /)
    const [, write = ''] = / — write: (GRANT .*)$/.exec(first) ?? []
    t.equal(write, `GRANT ${grant} TO "${role}"`)
    await sql.unsafe(write)
    await round()
    t.equal((await scrape()).get('collector_success{collector="odd"}'), 1)
  })
}

t.test("what is PostgreSQL's own comes with no GRANT", async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const own = new URL(url)
  const role = own.pathname.slice(1)
  await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'only-for-the-test'`)
  t.teardown(() => sql.unsafe(`DROP ROLE ${role}`))
  ;[own.username, own.password] = [role, 'only-for-the-test']
  const { first } = await saidOf(
    t,
    own.href,
    asking((sql) => sql`SELECT count(*) AS business_odd FROM pg_authid`),
  )
  t.equal(first, 'permission denied for table pg_authid')
})
