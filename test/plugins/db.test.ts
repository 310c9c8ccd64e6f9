import postgres from 'postgres'
import t from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { untilBlocked } from '../backends.ts'
import { createDatabase } from '../database.ts'
import { Gate, urlOf } from '../gate.ts'
import { startService } from '../service.ts'

const one = defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_one`,
})

t.test('with three endpoints of which one is down it starts', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const proxies = [
    await Gate.start(t, url, { up: false }),
    await Gate.start(t, url),
    await Gate.start(t, url),
  ]
  const { scrape, app } = await startService(t, { DATABASE_URL: urlOf(url, proxies) }, { collectors: [one] })
  const samples = await scrape()
  t.equal(samples.get('business_one'), 1)
  t.equal(samples.get('database_quorum_votes'), 2)
  t.equal(samples.get('database_quorum_required'), 2)
  t.same(
    proxies.map(({ endpoint }) => samples.get(`database_up{endpoint="${endpoint}"}`)),
    [0, 1, 1],
  )
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

t.test('with two of three down it waits, says so, and starts when one returns', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const down = await Gate.start(t, url, { up: false })
  const returns = await Gate.start(t, url, { up: false })
  const proxies = [down, returns, await Gate.start(t, url)]
  const { scrape, app, database, log } = await startService(
    t,
    { DATABASE_URL: urlOf(url, proxies) },
    { collectors: [one], start: false },
  )
  const started = database.ticker.start()
  let samples = await scrape()
  while (samples.get('database_quorum_votes') !== 1) samples = await scrape()
  t.notOk(samples.has('business_one'), 'nothing is known of the database yet')
  t.equal((await app.inject('/healthz')).statusCode, 200)
  t.equal((await app.inject('/readyz')).statusCode, 503)
  t.match(app.readiness(), {
    ready: false,
    reasons: [
      'waiting for the database quorum: 1 of 2 votes',
      `${down.endpoint}: connect ECONNREFUSED ${down.endpoint}`,
    ],
  })
  await returns.up()
  await started
  await database.round.settled()
  t.equal((await scrape()).get('business_one'), 1)
  const { password } = new URL(url)
  t.notOk(JSON.stringify([app.readiness(), log]).includes(password), 'no password is told')
})

t.test('a stop ends the wait for the quorum at once', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const down = await Gate.start(t, url, { up: false })
  const { app, database } = await startService(
    t,
    { DATABASE_URL: urlOf(url, [down]) },
    { collectors: [one], start: false },
  )
  const started = database.ticker.start()
  await app.close()
  await started
  t.notOk(database.db.quorate)
})

t.test('a quorum of one is enough when DATABASE_QUORUM says so', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const proxies = [
    await Gate.start(t, url),
    await Gate.start(t, url, { up: false }),
    await Gate.start(t, url, { up: false }),
  ]
  const env = { DATABASE_URL: urlOf(url, proxies), DATABASE_QUORUM: '1' }
  const { scrape } = await startService(t, env, { collectors: [one] })
  t.equal((await scrape()).get('business_one'), 1)
})

t.test('a round moves to the next endpoint when the one in use is gone, and stays there', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const [first, second] = [await Gate.start(t, url), await Gate.start(t, url)]
  const { scrape, round, database } = await startService(
    t,
    { DATABASE_URL: urlOf(url, [first, second]) },
    { collectors: [one] },
  )
  t.equal(database.db.current, first.endpoint)
  await first.down()
  await round()
  t.equal(database.db.current, second.endpoint)
  const samples = await scrape()
  t.equal(samples.get('collector_success{collector="one"}'), 1)
  t.equal(samples.get('collection_errors_total{collector="one"}'), 0)
  t.equal(samples.get(`database_up{endpoint="${first.endpoint}"}`), 0)
  await first.up()
  await round()
  t.equal(database.db.current, second.endpoint)
})

t.test('a round whose endpoint is lost in its middle goes on with the next one', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const lock = await sql.reserve()
  await lock`SELECT pg_advisory_lock(1)`
  const [first, second] = [await Gate.start(t, url), await Gate.start(t, url)]
  const reached = Promise.withResolvers<void>()
  const slow = defineCollector({
    name: 'slow',
    metrics: { business_slow: gauge('Slow.') },
    query: (sql) => {
      reached.resolve()
      return sql`SELECT 7 AS business_slow FROM (SELECT pg_advisory_xact_lock_shared(1)) AS locked`
    },
  })
  const env = { DATABASE_URL: urlOf(url, [first, second]) }
  const { database, scrape } = await startService(t, env, { collectors: [slow, one], start: false })
  await database.ticker.start()
  await reached.promise
  await first.down()
  await lock`SELECT pg_advisory_unlock(1)`
  lock.release()
  await database.round.settled()
  const samples = await scrape()
  t.equal(database.db.current, second.endpoint)
  t.equal(samples.get('business_slow'), 7)
  t.equal(samples.get('business_one'), 1)
  t.equal(samples.get('collection_duration_seconds_count{result="success"}'), 1)
})

t.test('an endpoint that is not what target_session_attrs asks for is not used', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { scrape, app } = await startService(
    t,
    { DATABASE_URL: `${url}?target_session_attrs=standby` },
    { collectors: [one] },
  )
  t.equal((await scrape()).get('collector_success{collector="one"}'), 0)
  t.match(app.readiness().reasons, [/it is not standby, as target_session_attrs asks/])
})

t.test('a server that takes no more connections is not stormed, and serves again when it does', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const role = new URL(url)
  role.username = new URL(url).pathname.slice(1)
  role.password = 'only-for-the-test'
  await sql.unsafe(`CREATE ROLE ${role.username} LOGIN PASSWORD '${role.password}'`)
  t.teardown(async () => {
    const admin = new URL(url)
    admin.pathname = '/postgres'
    const after = postgres(admin.href, { max: 1 })
    await after.unsafe(`DROP ROLE ${role.username}`)
    await after.end()
  })
  const collectors = Array.from({ length: 20 }, (_, i) =>
    defineCollector({
      name: `c${i}`,
      metrics: { [`business_c${i}`]: gauge('One.') },
      query: (sql) => sql`SELECT 1 AS ${sql(`business_c${i}`)}`,
    }),
  )
  const gate = await Gate.start(t, url)
  const { scrape, database } = await startService(
    t,
    { DATABASE_URL: urlOf(role.href, [gate]) },
    { collectors, start: false },
  )
  await database.db.waitForQuorum(new AbortController().signal)
  await sql.unsafe(`ALTER ROLE ${role.username} CONNECTION LIMIT 1`)
  let before = gate.connections
  await database.round.run(0)
  const failing = async () => {
    const samples = await scrape()
    return collectors.filter(
      ({ collector }) => samples.get(`collector_success{collector="${collector.name}"}`) !== 1,
    )
  }
  t.same(await failing(), [], 'one connection is enough')
  // The one that leads the snapshot, those that were refused beside it, and the question where its name leads.
  t.ok(gate.connections - before <= 5, `${gate.connections - before} connections for 20 collectors`)

  await sql.unsafe(`ALTER ROLE ${role.username} CONNECTION LIMIT 0`)
  await sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = ${role.username}`
  before = gate.connections
  await database.round.run(1)
  t.match(database.collectors.list[19]?.error?.message, /too many connections for role/)
  t.equal((await failing()).length, 20)
  t.ok(gate.connections - before <= 2, `${gate.connections - before} connections for 20 collectors`)
  await sql.unsafe(`ALTER ROLE ${role.username} CONNECTION LIMIT -1`)
  let tick = 1
  // A round may still meet the refusal of the one before.
  while ((await failing()).length > 0) await database.round.run(++tick)
})

t.test('an endpoint that is lost in the middle of a round is down on the page of that round', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const sleeper = defineCollector({
    name: 'sleeper',
    metrics: { business_slept: gauge('Nothing, for a long time.') },
    query: (sql) => sql`
      SELECT count(*) AS business_slept
        FROM pg_sleep(30)`,
  })
  const gate = await Gate.start(t, url)
  const { scrape, database } = await startService(
    t,
    { DATABASE_URL: urlOf(url, [gate]) },
    { collectors: [sleeper], start: false },
  )
  const up = `database_up{endpoint="${gate.endpoint}"}`
  await database.db.waitForQuorum(new AbortController().signal)
  t.equal((await scrape()).get(up), 1)
  const round = database.round.run(0)
  await untilBlocked(sql, new URL(url).pathname.slice(1), 'Timeout')
  await gate.down()
  await round
  const samples = await scrape()
  t.equal(samples.get('collector_success{collector="sleeper"}'), 0)
  t.equal(samples.get(up), 0)
  await gate.up()
  // It is asked with the others, and not by the next round alone.
  while ((await scrape()).get(up) !== 1) await database.db.vote(new AbortController().signal)
})
