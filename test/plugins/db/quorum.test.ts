import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { createDatabase } from '../../database.ts'
import { Gate, urlOf } from '../../gate.ts'
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
  t.match(log, [[{ votes: 0, required: 1, reasons }, 'waiting for the database quorum']])
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

t.test('a vote asks each endpoint but the current one, until that is forgotten', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const [first, second] = [await Gate.start(t, url), await Gate.start(t, url)]
  const { db, signal } = open(t, urlOf(url, [first, second]))
  const snapshot = await db.snapshot(1000, signal)
  await snapshot.close()
  t.equal(db.current, first.endpoint)
  const before = first.connections
  await db.vote(signal)
  t.same([first.connections, second.connections], [before, 1])
  db.forgetCurrent()
  t.equal(db.current, undefined)
  await db.vote(signal)
  t.same([first.connections, second.connections], [before + 1, 2])
})

t.test('two votes at once ask once', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const gate = await Gate.start(t, url)
  const { db, signal } = open(t, urlOf(url, [gate]))
  await Promise.all([db.vote(signal), db.vote(signal)])
  t.equal(gate.connections, 1)
  t.equal(db.votes, 1)
})
