import { hostname } from 'node:os'
import t, { type Test } from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import type { Environment } from '../../src/config/read.ts'
import { createDatabase } from '../database.ts'
import { Gate, urlOf } from '../gate.ts'
import { poll } from '../poll.ts'
import { startService } from '../service.ts'

const things = defineCollector({
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql`SELECT 3 AS business_things`,
})

const INFO = `collection_leader_info{database="eu",host="${hostname().slice(-24)}",pid="${process.pid}"}`

/** Starts a service, and resolves when it has looked at the lock, and has had the first round if it leads. */
async function startReplica(t: Test, env: Environment) {
  const replica = await startService(
    t,
    { LEADER_ELECTION: 'true', ...env },
    { collectors: [things], start: false },
  )
  await replica.database.ticker.start()
  await replica.database.leader.confirm()
  await replica.database.round.settled()
  return replica
}

t.test('two groups of replicas on one database both lead, and two of one group do not', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const leads = async (env: Environment) =>
    (await (await startReplica(t, { DATABASE_URL: url, ...env })).scrape()).get('collection_leader')
  t.equal(await leads({ LEADER_GROUP: 'blue' }), 1)
  t.equal(await leads({ LEADER_GROUP: 'green' }), 1)
  t.equal(await leads({ LEADER_GROUP: 'blue' }), 0)
  t.equal(await leads({}), 1, 'one of the collectors that they have')
  t.equal(await leads({}), 0)
})

t.test('a replica that cannot ask for the lock is not ready, and says why', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const gate = await Gate.start(t, url)
  const { app, database } = await startReplica(t, { DATABASE_URL: urlOf(url, [gate]) })
  await gate.down()
  t.notOk(await database.leader.confirm())
  t.match(app.readiness(), { ready: false, reasons: [/^the leader lock cannot be asked for: /] })
  await gate.up()
  t.ok(await database.leader.confirm())
})

t.test('a host that does not answer and is listed first keeps nobody from leading', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const [silent, good] = [await Gate.start(t, url), await Gate.start(t, url)]
  silent.break('stall', 'connect')
  const { database } = await startReplica(t, {
    DATABASE_URL: urlOf(url, [silent, good]),
    DATABASE_QUORUM: '1',
    METRICS_TICK_DURATION: '1s',
  })
  t.ok(await database.leader.confirm())
  await database.leader.stop()
  silent.repair()
  const sessions = () =>
    sql`SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  await poll(sessions, (sessions) => sessions.length === 0)
})

t.test('a replica says of collectors and rounds only where it leads', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const env = { DATABASE_URL: `eu=${url}`, LEADER_ELECTION: 'true' }
  const [first, second] = [
    await startService(t, env, { collectors: [things], start: false }),
    await startService(t, env, { collectors: [things], start: false }),
  ]
  for (const { database } of [first, second]) {
    await database.ticker.start()
    await database.leader.confirm()
    await database.round.settled()
  }
  const said = async ({ scrape }: typeof first) =>
    [...(await scrape()).keys()].filter((name) => /^(business|collector|collection)_/.test(name))
  t.equal((await first.scrape()).get('collector_success{database="eu",collector="things"}'), 1)
  t.same(await said(second), [
    'collection_state_errors_total{database="eu"}',
    'collection_leader{database="eu"}',
    INFO,
  ])
  t.equal((await first.scrape()).get(INFO), 1)
  t.match(second.app.readiness(), {
    ready: true,
    reasons: [],
    leaders: [new RegExp(`^eu: process ${process.pid} on \\S+ leads since 20\\d\\d-.*Z$`)],
  })

  await first.app.close()
  t.ok(await second.database.leader.confirm())
  await second.database.round.settled()
  const samples = await second.scrape()
  t.equal(samples.get('business_things{database="eu"}'), 3)
  for (const [name, value] of [
    ['collector_success{database="eu",collector="things"}', 1],
    ['collection_errors_total{database="eu",collector="things"}', 0],
    ['collection_duration_seconds_count{database="eu",result="success"}', 1],
    ['collection_duration_seconds_count{database="eu",result="failure"}', 0],
    ['collection_skipped_ticks_total{database="eu"}', 0],
  ] as const) {
    t.equal(samples.get(name), value, name)
  }
})

t.test('a replica that stops shows its page until another has one that it shows when it leads', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const slow = defineCollector({
    name: 'slow',
    metrics: { business_slow: gauge('Slow.') },
    query: (sql) => sql`SELECT 1 AS business_slow FROM pg_sleep(0.5)`,
  })
  const env = { DATABASE_URL: url, LEADER_ELECTION: 'true', METRICS_TICK_DURATION: '4s' }
  const replicas = []
  for (const _ of [1, 2]) {
    const replica = await startService(t, env, { collectors: [things, slow], start: false })
    await replica.database.ticker.start()
    await replica.database.leader.confirm()
    await replica.database.round.settled()
    replicas.push(replica)
  }
  const [first, second] = replicas as [(typeof replicas)[number], (typeof replicas)[number]]
  const closed = first.app.close()
  const firstPage = () =>
    first.scrape().then(
      (page) => page.has('business_slow'),
      () => false,
    )
  let page = await second.scrape()
  while (page.get('collection_leader') === 0) page = await second.scrape()
  t.notOk(await firstPage(), 'what the other shows is on one page')
  t.equal(page.get('business_things'), 3)
  t.equal(page.get('business_slow'), 1)
  await closed
})

t.test('a replica that does not lead still says whether an endpoint answers it', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const gate = await Gate.start(t, url)
  const env = { LEADER_ELECTION: 'true', METRICS_TICK_DURATION: '1s' }
  const first = await startService(t, { DATABASE_URL: url, ...env }, { collectors: [things], start: false })
  await first.database.ticker.start()
  await first.database.leader.confirm()
  const other = await startService(
    t,
    { DATABASE_URL: urlOf(url, [gate]), ...env },
    { collectors: [things], start: false },
  )
  await other.database.ticker.start()
  await other.database.leader.confirm()
  const up = async () => (await other.scrape()).get(`database_up{endpoint="${gate.endpoint}"}`)
  t.equal(await up(), 1)
  // Its own ticks find out.
  await gate.down()
  await poll(up, (up) => up === 0)
  await gate.up()
  await poll(up, (up) => up === 1)
  t.equal((await other.scrape()).get('collection_leader'), 0)
})
