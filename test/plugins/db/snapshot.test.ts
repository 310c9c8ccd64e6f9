import t from 'tap'
import type { Snapshot } from '../../../src/query/db.ts'
import { createDatabase } from '../../database.ts'
import { Gate, urlOf } from '../../gate.ts'
import { open } from './open.ts'

interface Seen {
  readonly process: number
  readonly snapshot: string
}

/** The server process that a query runs in, and the snapshot that it reads. */
async function look(snapshot: Snapshot, signal: AbortSignal): Promise<Seen> {
  const [seen] = await snapshot.run(
    5000,
    signal,
    (sql) => sql<[Seen]>`SELECT pg_backend_pid() AS process, pg_current_snapshot()::text AS snapshot`,
  )
  return seen
}

t.test('queries on several connections read one snapshot', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const { db, signal } = open(t, url)
  const snapshot = await db.snapshot(signal)
  t.notOk(snapshot.sequential)
  const first = await look(snapshot, signal)
  t.equal(first.process, snapshot.begun.pid, 'one after another they run in one session')
  await sql`CREATE TABLE written_meanwhile ()`
  const [second, third] = await Promise.all([look(snapshot, signal), look(snapshot, signal)])
  t.equal(second.snapshot, first.snapshot)
  t.equal(third.snapshot, first.snapshot)
  t.not(second.process, third.process)
  await snapshot.close()
})

t.test('with a concurrency of 1 all queries run on one connection', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { db, signal } = open(t, url, { concurrency: 1 })
  const snapshot = await db.snapshot(signal)
  t.ok(snapshot.sequential)
  const seen = [await look(snapshot, signal), await look(snapshot, signal)]
  t.same(seen[0], seen[1])
  t.equal(seen[0]?.process, snapshot.begun.pid)
  await snapshot.close()
})

t.test('connections that were lost while they were idle are replaced without a failure', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const { db, signal } = open(t, url)
  const before = await db.snapshot(signal)
  const [{ snapshot }] = await Promise.all([look(before, signal), look(before, signal)])
  await before.close()
  const ended = await sql`
    SELECT pg_terminate_backend(pid, 5000)
      FROM pg_stat_activity
     WHERE application_name = 'metrics-service' AND datname = current_database()`
  t.equal(ended.length, 2)
  await sql`CREATE TABLE written_meanwhile ()`
  const after = await db.snapshot(signal)
  t.not((await look(after, signal)).snapshot, snapshot)
  await after.close()
})

t.test('the next endpoint is used when the current one is gone, and stays in use', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const [first, second] = [await Gate.start(t, url), await Gate.start(t, url)]
  const { db, log, signal } = open(t, urlOf(url, [first, second]))
  const use = async () => {
    const snapshot = await db.snapshot(signal)
    await snapshot.close()
    return snapshot.endpoint.name
  }
  t.equal(await use(), first.endpoint)
  await first.down()
  t.equal(await use(), second.endpoint)
  t.same(
    db.endpoints.map(({ up }) => up),
    [false, true],
  )
  await first.up()
  await db.vote(signal)
  t.equal(await use(), second.endpoint)
  t.equal(db.current, second.endpoint)
  t.same(log, [
    [{ event: 'endpoint', endpoint: first.endpoint }, 'collecting from this endpoint'],
    [{ event: 'endpoint', endpoint: second.endpoint }, 'collecting from this endpoint'],
  ])
})

t.test('an endpoint to avoid is down for the reason given, and not used', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const gates = [await Gate.start(t, url), await Gate.start(t, url)]
  const { db, signal } = open(t, urlOf(url, gates))
  const first = await db.snapshot(signal)
  await first.close()
  const lost = new Map([[first.endpoint, new Error('its connection was lost')]])
  const second = await db.snapshot(signal, lost)
  await second.close()
  t.equal(second.endpoint.name, gates[1]?.endpoint)
  t.equal(db.endpoints[0]?.error, `${first.endpoint.name}: its connection was lost`)
  lost.set(second.endpoint, new Error('this one, too'))
  await t.rejects(db.snapshot(signal, lost), { message: 'no endpoint is left to try' })
})

t.test('an endpoint that is not what target_session_attrs asks for is not used, but is up', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { db, signal } = open(t, `${url}?target_session_attrs=standby`)
  const { host } = new URL(url)
  await t.rejects(db.snapshot(signal), {
    message: `${host}: it is not standby, as target_session_attrs asks`,
  })
  t.match(db.endpoints, [{ up: true, error: undefined }])
  t.equal(db.current, undefined)
})

t.test('the primary is the first endpoint that answers and is not a standby', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const [down, up] = [await Gate.start(t, url, { up: false }), await Gate.start(t, url)]
  const { db, signal } = open(t, urlOf(url, [down, up]))
  const session = await db.primary(signal)
  t.same(await session.run((sql) => sql`SELECT pg_is_in_recovery() AS standby`), [{ standby: false }])
  await session.close()
  await up.down()
  const refused = [down, up].map(({ endpoint }) => `${endpoint}: connect ECONNREFUSED ${endpoint}`)
  await t.rejects(db.primary(signal), { message: refused.join('; ') })
})
