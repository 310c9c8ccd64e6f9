import t, { type Test } from 'tap'
import type { Postgres } from '../../demo/postgres.ts'
import { untilBlocked } from '../backends.ts'
import { createDatabase } from '../database.ts'
import { Gate, urlOf } from '../gate.ts'
import { rounds, type Samples } from '../scrape.ts'
import { client, createServer, fill, VALUE } from './server.ts'
import { createStandby } from './standby.ts'
import { type Watch, watch } from './watch.ts'

t.jobs = 3

const limits = 'connect_timeout=1'
const upOf = (endpoint: string) => `database_up{endpoint="${endpoint}"}`
const endpointOf = ({ port }: Postgres) => `127.0.0.1:${port}`

/** Waits for a round more, none of which failed since `before`. */
async function nextRound(t: Test, watched: Watch, before: Samples): Promise<Samples> {
  const after = await watched.until((samples) => rounds(samples, 'success') > rounds(before, 'success'))
  t.equal(rounds(after, 'failure'), 0, 'no round failed')
  t.equal(after.get(VALUE), 1)
  return after
}

for (const fault of ['refuses connections', 'swallows packets'] as const) {
  t.test(`a round goes on with the other endpoint when its own ${fault}`, { buffered: true }, async (t) => {
    const { url, sql } = await createDatabase(t)
    await fill(sql)
    const [first, second] = [await Gate.start(t, url), await Gate.start(t, url)]
    const env = { DATABASE_URL: urlOf(url, [first, second], `?${limits}`) }
    const watched = await watch(t, env, { monitor: url, database: new URL(url).pathname.slice(1) })
    await watched.service.said(`"endpoint":"${first.endpoint}","msg":"collecting from this endpoint"`)
    await watched.until((samples) => rounds(samples, 'success') > 1)

    if (fault === 'refuses connections') await first.down()
    else first.break('stall', 'connect')
    await watched.service.said(`"endpoint":"${second.endpoint}","msg":"collecting from this endpoint"`)
    const during = await watched.until((samples) => samples.get(upOf(first.endpoint)) === 0)
    await nextRound(t, watched, during)
    t.equal(during.get(upOf(second.endpoint)), 1)

    if (fault === 'refuses connections') await first.up()
    else first.repair()
    const back = await watched.until((samples) => samples.get(upOf(first.endpoint)) === 1)
    await nextRound(t, watched, back)
    await watched.end()
  })
}

t.test(
  'a round whose endpoint falls silent in mid-query goes on with the other',
  { buffered: true },
  async (t) => {
    const { url, sql } = await createDatabase(t)
    await fill(sql)
    const database = new URL(url).pathname.slice(1)
    const [first, second] = [await Gate.start(t, url), await Gate.start(t, url)]
    const env = { DATABASE_URL: urlOf(url, [first, second], `?${limits}`) }
    const watched = await watch(t, env, { monitor: url, database })
    await watched.service.said(`"endpoint":"${first.endpoint}","msg":"collecting from this endpoint"`)

    const holder = client(t, url)
    await holder`BEGIN`
    await holder`LOCK TABLE destinations`
    await untilBlocked(sql, database)
    const before = await watched.page()
    first.break('stall', 'now')
    await holder`COMMIT`
    await watched.service.said(`"endpoint":"${second.endpoint}","msg":"collecting from this endpoint"`)
    await nextRound(t, watched, before)
    await watched.end()
  },
)

t.test('the standby is preferred while it is there, and a promoted one goes on being used', async (t) => {
  const primary = await createServer(t)
  const standby = await createStandby(t, primary)
  const servers = [primary, standby]
  const { host } = new URL(primary.url)
  const url = `${primary.url.replace(host, servers.map(endpointOf).join())}?${limits}`
  const [onPrimary, onStandby] = servers.map(endpointOf) as [string, string]
  const uses = (endpoint: string, times: number) =>
    watched.service.said(`"endpoint":"${endpoint}","msg":"collecting from this endpoint"`, times)
  const observed = standby.url.replace(new URL(standby.url).password, new URL(primary.url).password)
  // A hung query is to outlast the death of its server, not to run out of time.
  const watched = await watch(
    t,
    { DATABASE_URL: url, DATABASE_QUORUM: '2', COLLECTOR_TIMEOUT: '5s' },
    { monitor: observed },
  )

  await t.test('the standby is used from the first round on', async (t) => {
    await uses(onStandby, 1)
    const samples = await nextRound(t, watched, new Map())
    t.equal(samples.get(upOf(onPrimary)), 1)
    t.equal(samples.get(upOf(onStandby)), 1)
  })

  await t.test('when the standby dies in mid-query the same round goes on with the primary', async (t) => {
    const holder = client(t, primary.url)
    const observer = client(t, observed)
    await holder`BEGIN`
    // This lock is one that a standby hears of, and the switch has it hear of it now.
    await holder`LOCK TABLE destinations IN ACCESS EXCLUSIVE MODE`
    await holder`SELECT pg_switch_wal()`
    await untilBlocked(observer, 'postgres')
    const before = await watched.page()
    await observer.end({ timeout: 0 })
    await standby.stop('kill')
    await holder`COMMIT`
    await uses(onPrimary, 1)
    await nextRound(t, watched, before)
    await watched.until((samples) => samples.get(upOf(onStandby)) === 0)
  })

  await t.test('when the standby returns it is used again', async (t) => {
    await standby.start()
    await uses(onStandby, 2)
    const samples = await watched.until((samples) => samples.get(upOf(onStandby)) === 1)
    await nextRound(t, watched, samples)
  })

  await t.test('when the primary dies and the standby is promoted it goes on being used', async (t) => {
    await primary.stop('immediate')
    const admin = client(t, observed)
    await admin`SELECT pg_promote()`
    const [row] = await admin`SELECT pg_is_in_recovery() AS "inRecovery"`
    t.equal(row?.inRecovery, false)
    await admin`UPDATE destinations SET delete_time = now()`
    const samples = await watched.until((samples) => samples.get(VALUE) === 0)
    t.equal(rounds(samples, 'failure'), 0, 'no round failed')
    t.equal(samples.get(upOf(onStandby)), 1)
    await watched.until((samples) => samples.get(upOf(onPrimary)) === 0)
    await uses(onStandby, 2)
    await admin.end()
  })
  await watched.end()
})
