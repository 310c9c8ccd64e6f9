import t from 'tap'
import { type CollectorPlugin, defineCollector, gauge, open, top } from '../../../src/collector.ts'
import type { Database } from '../../../src/database.ts'
import { type Service, verdictOf } from '../../../src/health/verdict.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

const kinds = (name: string, label: ReturnType<typeof open>) =>
  defineCollector({
    name,
    labels: { kind: label },
    metrics: { [`business_${name}`]: gauge('Those of a kind.') },
    query: (sql) => sql`
      SELECT kind, 9 - kind::int AS ${sql.unsafe(`business_${name}`)} FROM (VALUES ('1'), ('2'), ('3')) AS kinds (kind)`,
  })

/** What a service is that has collected from a real database. */
async function setUp(t: Parameters<typeof startService>[0], collectors: CollectorPlugin[]) {
  const { url } = await createDatabase(t, { schema: false })
  const { database, app } = await startService(t, { DATABASE_URL: url }, { collectors })
  return { database, app, host: new URL(url).host }
}

/** An object as it would be if some of it were otherwise. */
function otherwise<T extends object>(object: T, changes: Partial<T>): T {
  const all = new Map<PropertyKey, unknown>(Object.entries(changes))
  return new Proxy(object, {
    get: (target, key) => (all.has(key) ? all.get(key) : Reflect.get(target, key, target)),
  })
}

const judge = (databases: readonly Database[], service: Partial<Service> = {}) =>
  verdictOf(
    { databases, reloads: undefined, paused: undefined, ...service },
    { now: performance.now(), date: Date.now(), staleAfter: 600_000, maxLag: 30_000 },
  )

t.test('what folds is told of, unless only the largest are asked for', async (t) => {
  const folding = await setUp(t, [kinds('things', open(2))])
  t.match(judge([folding.database]), {
    level: 'warn',
    problems: [{ severity: 'warn', what: 'things folds 1 series into "other"' }],
  })
  const ranking = await setUp(t, [kinds('things', top(2))])
  t.match(judge([ranking.database]), { level: 'ok', headline: 'Healthy: 1 collector', problems: [] })
})

t.test('each cause has its sentence, which names no host, and the verdict is not green', async (t) => {
  const { database, app, host } = await setUp(t, [kinds('things', open(3))])
  t.equal(judge([database]).level, 'ok')
  const { db, round, state } = database
  const [endpoint] = db.endpoints
  if (endpoint?.role === undefined) throw new Error('the endpoint was not asked')
  const { role } = endpoint
  const clocks = (changes: object) => ({
    round: otherwise(round, { clocks: { ahead: 0, jumped: false, waitUntil: undefined, ...changes } }),
  })
  const endpoints = (...list: (typeof db.endpoints)[number][]) => ({ db: otherwise(db, { endpoints: list }) })
  const since = Date.now()
  const trouble = { since, variable: 'STATE_URL', reason: `${host}: no answer` } as const
  const causes: readonly (readonly [level: string, what: RegExp, Partial<Database>, Partial<Service>?])[] = [
    ['bad', /^Counters are not saved$/, { state: otherwise(state, { trouble }) }],
    ['warn', /^The clock of the service is 1 min behind that of the database$/, clocks({ ahead: 60_000 })],
    ['warn', /^The clock of the service is 11 s ahead of that of the database$/, clocks({ ahead: -11_000 })],
    ['warn', /^The clock of the database has jumped$/, clocks({ jumped: true })],
    [
      'warn',
      /^The clock of the database is behind what is counted/,
      clocks({ waitUntil: 4102444800000000n }),
    ],
    [
      'warn',
      /^The standby is 5 min behind$/,
      endpoints({ ...endpoint, role: { ...role, inRecovery: true, lag: 300 } }),
    ],
    [
      'warn',
      /^1 of 2 endpoints down$/,
      endpoints(endpoint, { ...endpoint, name: 'db2:5432', up: false, error: `${host}: no answer` }),
    ],
    ['warn', /^Collection is paused since \d\d:\d\d:\d\d$/, {}, { paused: since }],
    [
      'bad',
      /^1 problem in the files of collectors$/,
      {},
      {
        reloads: otherwise(app.reloads, { last: { ...app.reloads.last, success: false, problems: [host] } }),
      },
    ],
  ]
  for (const [level, what, changes, service] of causes) {
    const verdict = judge([otherwise(database, changes)], service)
    t.match(verdict, { level, headline: '1 problem', problems: [{ severity: level, what }] })
    t.notMatch(verdict.problems[0]?.what, host)
  }
})

t.test('a service without a collector says so', async (t) => {
  const { database, app } = await setUp(t, [])
  const { folder } = app.reloads
  t.match(judge([database], { reloads: app.reloads }), {
    level: 'bad',
    problems: [{ what: 'No collector is loaded', why: `the folder is ${folder}` }],
  })
})
