import { monitorEventLoopDelay } from 'node:perf_hooks'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { fragmentsOf } from '../../plugins/debug/fragments.ts'
import { overview } from '../../plugins/debug/overview.ts'
import { lookAt } from '../../plugins/debug/subject.ts'
import { Lock } from '../../plugins/leader/lock.ts'
import { openLeader } from '../../plugins/leader.ts'
import { Pages } from '../../plugins/page/pages.ts'
import { SelfMetrics } from '../../plugins/page/self-metrics.ts'
import { openInspector, openRound } from '../../plugins/round.ts'
import { openState } from '../../plugins/state.ts'
import { openTicker } from '../../plugins/tick.ts'
import { defineCollector, gauge } from '../../src/collector.ts'
import type { Database } from '../../src/database.ts'
import type { Page } from '../../src/page/page.ts'
import { Collectors } from '../../src/round/collectors.ts'
import { Pausing } from '../../src/tick/pausing.ts'
import { createDatabase } from '../database.ts'
import { open } from '../plugins/db/open.ts'

const MINUTE = 60_000
const things = defineCollector({
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql`SELECT 3 AS business_things`,
})

/** The pieces of one database, put together without an app: a page that takes what rounds publish is all they need. */
async function databaseOf(t: Test): Promise<Database> {
  const { url } = await createDatabase(t, { schema: false })
  const { db, signal } = open(t, url)
  const { log } = Fastify()
  const name = undefined
  const tick = MINUTE
  const collectors = new Collectors({ tick, timeout: MINUTE, staleAfter: 0 })
  collectors.add(things.collector)
  const page: Page = {
    scraped: undefined,
    seed() {},
    prepare: async () => {},
    publish(_database, outcomes, _seconds, at) {
      for (const { status, ...run } of outcomes) status.publish(run, at, performance.now(), Date.now() / 1000)
    },
    forget() {},
  }
  const state = openState({ store: undefined, maxAge: MINUTE, collectors, elected: false, log })
  const leader = openLeader({
    db,
    name,
    group: () => '',
    elects: false,
    tick,
    databases: 1,
    led: new Set(),
    log,
  })
  const round = openRound({
    name,
    db,
    collectors,
    state,
    leader,
    page,
    pausing: new Pausing(),
    concurrency: 2,
    budget: 1000,
    logValues: true,
    log,
  })
  const inspector = openInspector({ db, budget: 1000, tick })
  const ticker = openTicker({
    name,
    db,
    collectors,
    state,
    leader,
    round,
    page,
    pausing: new Pausing(),
    tick,
    place: 0,
    databases: 1,
    log,
  })
  await db.waitForQuorum(signal)
  return { name, db, collectors, state, leader, round, inspector, ticker }
}

t.test('a round, the page, self-metrics and the debug page work without a service', async (t) => {
  const database = await databaseOf(t)
  await database.round.run(1)

  const self = new SelfMetrics([database], {
    ...{ elects: false, tick: 60_000, budget: 10_000, refusals: new Map() },
    reloads: () => undefined,
    tls: () => undefined,
    pausing: { since: undefined },
    created: undefined,
  })
  const pages = new Pages([database], self, { created: undefined, readClient: async () => [] })
  const page = String(Buffer.concat((await pages.body('text', false)).pieces))
  t.match(page, /^business_things 3$/m)
  t.match(page, /^collector_success\{collector="things"\} 1$/m)

  const look = lookAt({
    name: 'things',
    databases: [database],
    settings: [],
    limits: { staleAfter: MINUTE, maxLag: MINUTE },
    prometheus: undefined,
    grafana: undefined,
    reloads: () => undefined,
    paused: () => undefined,
    events: () => [],
  })
  const fragments = fragmentsOf(look, monitorEventLoopDelay())
  t.match(overview(look, fragments, { search: '', state: '' }).text, '/debug/collectors/things')
})

t.test('the lock of the leader works without a service', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { db, signal } = open(t, url)
  const lock = await Lock.open(db, ['', 'eu'], MINUTE, signal)
  t.teardown(() => lock.close())
  t.ok(await lock.take())
  t.strictSame((await lock.look()).mine, true)
})

/** What belongs to one database, less what is declared on an app: a piece that is fails `npm run types` below. */
type Undeclared = Exclude<
  keyof Omit<Database, 'name' | 'collectors'> | 'database' | 'led',
  keyof FastifyInstance
>

t.test('nothing of one database is on an app, nor typed as if it were', async (t) => {
  const pieces: Readonly<Record<Undeclared, true>> = {
    db: true,
    state: true,
    leader: true,
    round: true,
    inspector: true,
    ticker: true,
    database: true,
    led: true,
  }
  const app = Fastify()
  for (const piece of Object.keys(pieces)) t.notOk(piece in app, piece)
})
