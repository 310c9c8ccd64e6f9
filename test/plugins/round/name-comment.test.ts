import postgres, { type Sql } from 'postgres'
import t, { type Test } from 'tap'
import {
  type CollectorPlugin,
  counter,
  defineCollector,
  type Fragment,
  gauge,
} from '../../../src/collector.ts'
import { renderFinding } from '../../../src/finding.ts'
import { loggedError } from '../../../src/round/logged.ts'
import { createDatabase } from '../../database.ts'
import { poll } from '../../poll.ts'
import { startService } from '../../service.ts'

type Query = (sql: Parameters<CollectorPlugin['collector']['query']>[0]) => Fragment

/** A collector of one gauge with this query. */
const asking = (query: Query, name = 'held') =>
  defineCollector({ name, metrics: { [`business_${name}`]: gauge('Held.') }, query })

const HELD: Query = (sql) => sql`SELECT count(*) AS business_held FROM held`

/** What pg_stat_activity shows of the service while it waits for the table `held`, in work that makes it ask for that. */
async function shownDuring(sql: Sql, url: string, work: () => Promise<unknown>): Promise<string[]> {
  const holder = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await holder`BEGIN`
    await holder`LOCK TABLE held`
    const done = work()
    const waiting = () => sql<{ query: string }[]>`
      SELECT query FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'shop' AND wait_event_type = 'Lock'`
    await poll(waiting, (rows) => rows.length > 0)
    // The server reads what a session waits for later than its query: the first look may have that of before.
    const rows = await waiting()
    await holder`ROLLBACK`
    await done
    return rows.map(({ query }) => query)
  } finally {
    await holder.end({ timeout: 1 })
  }
}

async function start(t: Test, ...collectors: CollectorPlugin[]) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE held (value int)`
  const DATABASE_URL = `${url}?application_name=shop`
  return { url, sql, ...(await startService(t, { DATABASE_URL }, { collectors })) }
}

t.test(
  'pg_stat_activity shows the collector of a query and the application, and /debug the query',
  async (t) => {
    const { sql, url, round, database } = await start(t, asking(HELD))
    const written = 'SELECT count(*) AS business_held FROM held'
    t.same(await shownDuring(sql, url, round), [written.replace(' ', " /* collector='held' */ ")])
    t.equal(database.collectors.list[0]?.statement, written)
  },
)

t.test('it shows the collector of a plan that is asked for', async (t) => {
  const { sql, url, database } = await start(t, asking(HELD))
  const [status] = database.collectors.list
  if (status === undefined) throw new Error('there is no collector')
  const shown = await shownDuring(sql, url, () => database.inspector.explain(status))
  t.same(shown, ["EXPLAIN /* collector='held' */ SELECT count(*) AS business_held FROM held"])
})

t.test('a text with arguments has a plan, too', async (t) => {
  const query: Query = (sql) => sql.unsafe('SELECT count(*) AS business_held FROM held WHERE value = $1', [7])
  const { database, scrape } = await start(t, asking(query))
  const [status] = database.collectors.list
  if (status === undefined) throw new Error('there is no collector')
  t.equal((await scrape()).get('business_held'), 0)
  t.match((await database.inspector.explain(status)).join('\n'), /value = (7|\$1)/)
})

t.test('the comment is at the end of a statement that has hints', async (t) => {
  const query: Query = (sql) => sql`
    /*+ SeqScan(held) */ SELECT count(*) AS business_held FROM held -- all`
  const { sql, url, round, database } = await start(t, asking(query))
  const written = '\n    /*+ SeqScan(held) */ SELECT count(*) AS business_held FROM held -- all'
  t.same(await shownDuring(sql, url, round), [`${written}\n/* collector='held' */`])
  t.equal(database.collectors.list[0]?.statement, written)
})

t.test("a position in the server's error is one in the query as it was written", async (t) => {
  const written = 'SELECT count(*) AS business_held FROM held WHERE valeu = 1'
  const { database } = await start(
    t,
    asking((sql) => sql.unsafe(written)),
    asking((sql) => sql`SELECT 'a'::int AS business_cast`, 'cast'),
  )
  const [named, cast] = database.collectors.list.map(({ error }) => error)
  t.match(named, { code: '42703', position: String(written.indexOf('valeu') + 1) })
  t.match(
    cast && renderFinding(loggedError(cast, false)),
    /^SQLSTATE 22P02, invalid text representation \(value hidden\) \(.*name-comment\.test\.ts:\d+:\d+\)$/,
  )
})

t.test('collectors that share a text have each its own name on it', async (t) => {
  const shared = (name: string) => {
    const query: Query = (sql) => sql`
      SELECT (position('/* collector=''two'' */' IN current_query()) > 0)::int AS ${sql(`business_${name}`)}`
    return asking(query, name)
  }
  const { round, scrape } = await start(t, shared('one'), shared('two'))
  await round()
  const samples = await scrape()
  t.same(
    ['business_one', 'business_two'].map((name) => samples.get(name)),
    [0, 1],
  )
})

t.test('the client keeps no more after a hundred failures of a query than after one', async (t) => {
  const query: Query = (sql) => sql`SELECT 1 / 0 AS business_held`
  const { database, round } = await start(t, asking(query))
  const kept = { maps: 0 }
  const { set } = Map.prototype
  const isText = (key: unknown) => Array.isArray(key) && String(key[0]).includes('1 / 0')
  Map.prototype.set = function (this: Map<unknown, unknown>, key: unknown, value: unknown) {
    if (isText(key) && !this.has(key)) kept.maps++
    return Reflect.apply(set, this, [key, value])
  }
  t.teardown(() => {
    Map.prototype.set = set
  })
  for (let rounds = 0; rounds < 100; rounds++) await round()
  t.equal(kept.maps, 0)
  t.match(database.collectors.list[0]?.error, { message: 'division by zero' })
})

const total = defineCollector({
  name: 'total',
  metrics: { business_held_total: counter('Held.') },
  window: { settle: '1m' },
  query: (sql, { from, to }) => sql`
    SELECT count(*) AS business_held_total FROM held WHERE now() > ${from} AND now() <= ${to}`,
})

t.test('a window is written into a query as before', async (t) => {
  const { database } = await start(t, total)
  const [status] = database.collectors.list
  t.equal(status?.error, undefined)
  t.match(
    status?.statement,
    /^\n {4}SELECT count.* now\(\) > timestamptz '[^']+' AND now\(\) <= timestamptz '[^']+'$/,
  )
})
