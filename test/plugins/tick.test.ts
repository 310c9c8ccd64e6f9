import t from 'tap'
import { defineCollector, gauge, open } from '../../src/collector.ts'
import { untilLeft } from '../backends.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

t.test('zeros are shown before the first round, for every series that is known in advance', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const lock = await sql.reserve()
  await lock`SELECT pg_advisory_lock(1)`
  const reached = Promise.withResolvers<void>()
  const things = defineCollector({
    name: 'things',
    labels: { state: ['up', 'down'] },
    metrics: { business_things: gauge('Things.') },
    query: (sql) => {
      reached.resolve()
      return sql`SELECT 'up' AS state, 3 AS business_things FROM (SELECT pg_advisory_xact_lock_shared(1)) AS locked`
    },
  })
  const unknown = defineCollector({
    name: 'unknown',
    labels: { kind: open(5) },
    metrics: { business_unknown: gauge('Unknown.') },
    query: (sql) => sql`SELECT 'x' AS kind, 1 AS business_unknown`,
  })
  const { database, scrape } = await startService(
    t,
    { DATABASE_URL: url },
    { collectors: [things, unknown], start: false },
  )
  t.notOk(
    [...(await scrape()).keys()].some((name) => name.startsWith('business_')),
    'nothing before the quorum',
  )
  await database.ticker.start()
  await reached.promise
  const shown = async () => [...(await scrape())].filter(([name]) => name.startsWith('business_'))
  t.same(await shown(), [
    ['business_things{state="up"}', 0],
    ['business_things{state="down"}', 0],
  ])
  await lock`SELECT pg_advisory_unlock(1)`
  lock.release()
  await database.round.settled()
  t.same(await shown(), [
    ['business_things{state="up"}', 3],
    ['business_things{state="down"}', 0],
    ['business_unknown{kind="x"}', 1],
  ])
})

t.test('the first round starts at once, and the next ones a tick apart', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const started: number[] = []
  const third = Promise.withResolvers<void>()
  const times = defineCollector({
    name: 'times',
    metrics: { business_times: gauge('Times.') },
    query: (sql) => {
      if (started.push(performance.now()) === 3) third.resolve()
      return sql`SELECT 1 AS business_times`
    },
  })
  const { database } = await startService(
    t,
    { DATABASE_URL: url, METRICS_TICK_DURATION: '1s' },
    { collectors: [times] },
  )
  t.equal(started.length, 1)
  await third.promise
  t.equal(database.ticker.tick - database.ticker.skipped, 2)
})

t.test('a stop cancels on the server what does not end within the grace', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const reached = Promise.withResolvers<void>()
  const sleeper = defineCollector({
    name: 'sleeper',
    metrics: { business_sleeper: gauge('Sleeper.') },
    timeout: '10m',
    query: (sql) => {
      reached.resolve()
      return sql`SELECT 1 AS business_sleeper FROM pg_sleep(600)`
    },
  })
  const { app, database, log } = await startService(
    t,
    { DATABASE_URL: url },
    { collectors: [sleeper], start: false },
  )
  await database.ticker.start()
  await reached.promise
  await app.close()
  await untilLeft(t, sql, 0)
  t.ok(log.some(({ msg }) => msg === 'round did not end within 10s: its queries are cancelled'))
})
