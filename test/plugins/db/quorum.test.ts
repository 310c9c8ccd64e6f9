import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { defineCollector, gauge } from '../../../src/collector.ts'
import type { Snapshot } from '../../../src/query/db.ts'
import { pause } from '../../../src/time/deadline.ts'
import { createDatabase } from '../../database.ts'
import { Gate, urlOf } from '../../gate.ts'
import { startService } from '../../service.ts'
import { open } from './open.ts'

t.test('the endpoints that answer are counted, and the one that does not is named', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const down = await Gate.start(t, url, { up: false })
  const gates = [down, await Gate.start(t, url), await Gate.start(t, url)]
  const { db, signal } = open(t, urlOf(url, gates))
  t.notOk(db.quorate)
  await db.waitForQuorum(signal)
  t.ok(db.quorate)
  t.equal(db.votes, 2)
  t.equal(db.required, 2)
  t.match(
    db.endpoints.map(({ name, up, error }) => ({ name, up, error })),
    [
      {
        name: down.endpoint,
        up: false,
        error: `${down.endpoint}: connect ECONNREFUSED ${down.endpoint}`,
      },
      { up: true, error: undefined },
      { up: true, error: undefined },
    ],
  )
})

t.test('a wrong password is waited out, and told without the password', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const wrong = new URL(url)
  wrong.password = 'not-the-pass-word'
  const { db, log, signal } = open(t, wrong.href)
  void db.waitForQuorum(signal)
  while (log.length === 0) await setImmediate()
  const reasons = db.endpoints.map(({ error }) => error)
  t.match(reasons, [/password authentication failed for user/])
  t.match(log, [
    [{ votes: 0, required: 1, reasons }, /^waiting for the database quorum, with 0 of 1 votes: /],
  ])
  t.notOk(JSON.stringify([reasons, log]).includes(wrong.password))
  t.notOk(db.quorate)
})

t.test('DATABASE_WAIT_TIMEOUT ends the wait with the reasons, which are logged once', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const down = await Gate.start(t, url, { up: false })
  const { db, log, signal } = open(t, urlOf(url, [down]), { waitTimeout: 600 })
  await t.rejects(db.waitForQuorum(signal), {
    message: `the database had 0 of 1 votes after 600ms (DATABASE_WAIT_TIMEOUT): ${down.endpoint}: connect ECONNREFUSED ${down.endpoint}`,
  })
  t.equal(log.length, 1)
})

t.test('an abort ends the wait, without a quorum', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const down = await Gate.start(t, url, { up: false })
  const { db, log } = open(t, urlOf(url, [down]))
  const stopping = new AbortController()
  const waiting = db.waitForQuorum(stopping.signal)
  while (log.length === 0) await setImmediate()
  stopping.abort(new Error('stopping'))
  await waiting
  t.notOk(db.quorate)
})

t.test(
  'a vote asks each endpoint, and the current one only where it leads, until that is forgotten',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const [first, second] = [await Gate.start(t, url), await Gate.start(t, url)]
    const { db, signal } = open(t, urlOf(url, [first, second]))
    const snapshot = await db.snapshot(signal)
    await snapshot.close()
    t.equal(db.current, first.endpoint)
    const before = first.connections
    await db.vote(signal)
    t.same([first.connections, second.connections], [before + 1, 1])
    db.forgetCurrent()
    t.equal(db.current, undefined)
    await db.vote(signal)
    t.same([first.connections, second.connections], [before + 2, 2])
  },
)

t.test('two votes at once ask once', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const gate = await Gate.start(t, url)
  const { db, signal } = open(t, urlOf(url, [gate]))
  await Promise.all([db.vote(signal), db.vote(signal)])
  t.equal(gate.connections, 1)
  t.equal(db.votes, 1)
})

/** Runs one query in the session that leads, and another that needs a connection, and ends it: the next one does, too. */
function twoQueries(snapshot: Snapshot, signal: AbortSignal): Promise<unknown>[] {
  return ['SELECT pg_sleep(0.05)', 'SELECT pg_terminate_backend(pg_backend_pid())'].map((text) =>
    snapshot.run(60_000, signal, (sql) => sql.unsafe(text)),
  )
}

/** A database with a healthy endpoint and two that take connections and never answer, and what is open to all of them. */
async function startStalled(t: Test) {
  const { url } = await createDatabase(t, { schema: false })
  const open = new Set<Socket>()
  const start = () => Gate.start(t, url, { open })
  const [healthy, first, second] = [await start(), await start(), await start()]
  const stall = () => {
    for (const gate of [first, second]) gate.break('stall', 'connect')
  }
  const most = () => Math.max(...[healthy, first, second].map((gate) => gate.most))
  return { healthy, stalled: [first, second], gates: [healthy, first, second], url, stall, most }
}

t.test('votes of endpoints that never answer take no connection from a collector', async (t) => {
  const { url, gates, stall, stalled, most } = await startStalled(t)
  const collectors = ['a', 'b', 'c', 'd'].map((name) =>
    defineCollector({
      name,
      timeout: '1s',
      metrics: { [`business_${name}`]: gauge('One.') },
      query: (sql) => sql`SELECT 1 AS ${sql(`business_${name}`)} FROM pg_sleep(0.01)`,
    }),
  )
  const env = { DATABASE_URL: urlOf(url, gates), COLLECTOR_CONCURRENCY: '2' }
  const { round, scrape } = await startService(t, env, { collectors })
  stall()
  for (let rounds = 0; rounds < 10; rounds++) await round()
  const samples = await scrape()
  for (const name of ['a', 'b', 'c', 'd'])
    t.equal(samples.get(`collection_errors_total{collector="${name}"}`), 0)
  for (const gate of stalled) t.ok(gate.struck > 0, 'it was asked')
  t.ok(most() <= 3, 'no more connections than COLLECTOR_CONCURRENCY + 1')
})

t.test('an endpoint whose votes are interrupted again and again is down in the end', async (t) => {
  const { url, gates, stall, stalled, healthy } = await startStalled(t)
  const { db, signal } = open(t, urlOf(url, gates, '?connect_timeout=1'), { concurrency: 2 })
  await db.waitForQuorum(signal)
  stall()
  const snapshot = await db.snapshot(signal)
  const stateOf = (gate: Gate | undefined) => db.endpoints.find(({ name }) => name === gate?.endpoint)
  while (stalled.some((gate) => stateOf(gate)?.up)) {
    const vote = db.vote(signal)
    await pause(100, signal)
    await Promise.allSettled([vote, ...twoQueries(snapshot, signal)])
  }
  for (const gate of stalled) t.match(stateOf(gate), { error: /no answer within 1s/ })
  t.match(stateOf(healthy), { up: true })
  for (const gate of stalled) gate.repair()
  await snapshot.close()
  await db.vote(signal)
  t.equal(db.votes, 3)
})

t.test('an endpoint that had no time to answer is not down', async (t) => {
  const { url, gates, stall } = await startStalled(t)
  const { db, signal } = open(t, urlOf(url, gates, '?connect_timeout=9999'), { concurrency: 2 })
  await db.waitForQuorum(signal)
  stall()
  const snapshot = await db.snapshot(signal)
  for (let votes = 0; votes < 10; votes++) {
    const vote = db.vote(signal)
    await Promise.allSettled([vote, ...twoQueries(snapshot, signal)])
  }
  await snapshot.close()
  t.equal(db.votes, 3)
})
