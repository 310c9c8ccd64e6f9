import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { countBackends, untilLeft } from '../backends.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { startService } from '../service.ts'

// A query that takes no notice of being cancelled.

const quick = defineCollector({
  name: 'quick',
  metrics: { business_quick: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_quick`,
})
const stubborn = (name: string, timeout: '200ms' | '1m' = '200ms') =>
  defineCollector({
    name,
    metrics: { [`business_${name}`]: gauge('One.') },
    timeout,
    query: (sql) => sql`SELECT stubborn() AS ${sql(`business_${name}`)}`,
  })

/** It is called when a query that it is in is planned, too. */
async function setUp(t: Test) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe(`
    CREATE FUNCTION stubborn() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
      LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP;
    END $$`)
  const [{ name = '' } = {}] = await sql`SELECT current_database() AS name`
  return { url, sql, name }
}

async function stubbornIn(sql: Sql): Promise<number> {
  const found = await sql`
    SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND state = 'active' AND query LIKE '%stubborn%' AND pid <> pg_backend_pid()`
  return found.length
}

for (const names of [['one'], ['quick', 'one', 'two', 'three', 'four']]) {
  t.test(`${names.join(', ')}: what takes no notice is ended, and nothing else`, async (t) => {
    const { url, sql, name } = await setUp(t)
    const collectors = names.map((name) => (name === 'quick' ? quick : stubborn(name)))
    const service = await startService(t, { DATABASE_URL: url }, { collectors, start: false })
    // A session that has ended is not seen any more, so that its place is given away no earlier.
    let most = 0
    let counting = true
    const counted = (async () => {
      while (counting) most = Math.max(most, await countBackends(sql, name))
    })()
    await service.database.ticker.start()
    await service.database.round.settled()
    await service.round()
    t.equal(await stubbornIn(sql), 0, 'nothing of it runs on')
    const [first] = service.database.collectors.list.filter(({ collector }) => collector.name === 'one')
    if (first !== undefined) await t.rejects(service.database.inspector.explain(first))
    t.equal(await stubbornIn(sql), 0, 'nor of its plan')
    counting = false
    await counted
    t.ok(most <= 6, `${most} sessions at once`)
    if (names.includes('quick')) t.equal((await service.scrape()).get('business_quick'), 1)
  })
}

t.test('nothing of it is left when the service has stopped', async (t) => {
  const { url, sql } = await setUp(t)
  const collectors = ['one', 'two'].map((name) => stubborn(name, '1m'))
  const { app, database } = await startService(t, { DATABASE_URL: url }, { collectors, start: false })
  await database.ticker.start()
  await poll(
    () => stubbornIn(sql),
    (count) => count === 2,
  )
  const [status] = database.collectors.list
  const explained = status && t.rejects(database.inspector.explain(status))
  await poll(
    () => stubbornIn(sql),
    (count) => count === 3,
  )
  database.round.cancel()
  await app.close()
  await untilLeft(t, sql, 0)
  await explained
})
