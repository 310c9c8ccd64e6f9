import t, { type Test } from 'tap'
import type { Postgres } from '../../demo/postgres.ts'
import { untilBlocked } from '../backends.ts'
import { rounds } from '../scrape.ts'
import { client, createServer, VALUE } from './server.ts'
import { type Watch, watch } from './watch.ts'

t.jobs = 4

const limits = '?connect_timeout=1'
const up = ({ port }: Postgres) => `database_up{endpoint="127.0.0.1:${port}"}`

/** Checks a fault that lasts until `end` and takes the whole database away. */
async function outage(t: Test, watched: Watch, postgres: Postgres, end: () => Promise<void> | void) {
  await watched.failing()
  const during = await watched.until((samples) => samples.get(up(postgres)) === 0)
  t.equal(during.get(VALUE), 1, 'the value stays')
  await end()
  const after = await watched.recovered()
  t.equal(after.get(VALUE), 1)
  t.equal(after.get(up(postgres)), 1)
}

/** A service in its second round or later, none of which is running. */
async function betweenRounds(t: Test, postgres: Postgres): Promise<Watch> {
  const watched = await watch(t, { DATABASE_URL: postgres.url + limits }, { monitor: postgres.url })
  await watched.until((samples) => rounds(samples, 'success') > 1)
  return watched
}

/** A service one of whose queries hangs on a lock that is held until the fault has begun; the others go on. */
async function inMidQuery(t: Test, postgres: Postgres, begin: () => Promise<void> | void): Promise<Watch> {
  const watched = await betweenRounds(t, postgres)
  const holder = client(t, postgres.url)
  const observer = client(t, postgres.url)
  await holder`BEGIN`
  await holder`LOCK TABLE destinations`
  await untilBlocked(observer, 'postgres')
  await begin()
  await Promise.all([holder.end({ timeout: 0 }), observer.end({ timeout: 0 })])
  return watched
}

for (const mode of ['fast', 'immediate', 'kill'] as const) {
  t.test(`a database that stops (${mode}) is a failed round and no more`, { buffered: true }, async (t) => {
    const postgres = await createServer(t)
    await t.test('a database that is lost between rounds comes back', async (t) => {
      const watched = await betweenRounds(t, postgres)
      await postgres.stop(mode)
      await outage(t, watched, postgres, postgres.start)
      await watched.end()
    })
    await t.test('a database that is lost in mid-query comes back', async (t) => {
      const watched = await inMidQuery(t, postgres, () => postgres.stop(mode))
      await outage(t, watched, postgres, postgres.start)
      await watched.end()
    })
  })
}

t.test('a database that freezes and thaws is a failed round and no more', { buffered: true }, async (t) => {
  const postgres = await createServer(t)
  await t.test('a database that freezes between rounds comes back', async (t) => {
    const watched = await betweenRounds(t, postgres)
    postgres.freeze()
    await outage(t, watched, postgres, postgres.thaw)
    await watched.end()
  })
  await t.test('a database that freezes in mid-query comes back', async (t) => {
    const watched = await inMidQuery(t, postgres, postgres.freeze)
    await outage(t, watched, postgres, postgres.thaw)
    await watched.end()
  })
})

for (const fault of ['is stopped', 'is frozen']) {
  t.test(`a database that ${fault} when the service starts is waited for`, { buffered: true }, async (t) => {
    const postgres = await createServer(t)
    if (fault === 'is stopped') await postgres.stop()
    else postgres.freeze()
    const watched = await watch(t, { DATABASE_URL: postgres.url + limits }, { monitor: postgres.url })
    await watched.service.said('waiting for the database quorum')
    const during = await watched.page()
    t.equal(during.get(up(postgres)), 0)
    t.notOk(during.has(VALUE), 'nothing is known yet')
    t.equal((await fetch(`${watched.service.url}/readyz`)).status, 503)
    if (fault === 'is stopped') await postgres.start()
    else postgres.thaw()
    const after = await watched.recovered()
    t.equal(after.get(VALUE), 1)
    t.equal(rounds(after, 'failure'), 0)
    await watched.end()
  })
}
