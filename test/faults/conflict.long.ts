import t from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { poll } from '../poll.ts'
import { startService } from '../service.ts'
import { client, createServer } from './server.ts'
import { createStandby } from './standby.ts'

/** Collectors that hold still while the test holds a lock, and then say how many things there are. */
const counters = ['a', 'b', 'c', 'd'].map((name) =>
  defineCollector({
    name,
    metrics: { [`business_${name}`]: gauge('Things.') },
    query: (sql) => sql`
      SELECT (SELECT count(*) FROM things) AS ${sql(`business_${name}`)}
        FROM (SELECT pg_advisory_xact_lock_shared(${name.charCodeAt(0)}::int)) AS locked`,
  }),
)

t.test(
  'a standby that has to replay what a round holds back ends its snapshot, and fails no collector',
  async (t) => {
    const primary = await createServer(t)
    await client(t, primary.url)`CREATE TABLE things AS SELECT generate_series(1, 1000) AS id`
    const standby = await createStandby(t, primary)
    const url = standby.url.replace(new URL(standby.url).password, new URL(primary.url).password)
    const [writer, observer] = [client(t, primary.url), client(t, url)]
    await observer`ALTER SYSTEM SET max_standby_streaming_delay = 0`
    await observer`SELECT pg_reload_conf()`
    const env = { DATABASE_URL: url, COLLECTOR_CONCURRENCY: '2' }
    await poll(
      () => observer`SELECT FROM pg_class WHERE relname = 'things'`,
      (found) => found.length === 1,
    )
    const { round, scrape, database } = await startService(t, env, { collectors: counters })
    t.equal((await scrape()).get('business_d'), 1000)

    const holder = client(t, url)
    // One runs in the session that leads, the next beside it, and two have not begun.
    await holder`SELECT pg_advisory_lock(ascii(name)) FROM unnest(ARRAY['a', 'b']) AS name`
    const running = round()
    await poll(
      () => observer`SELECT FROM pg_stat_activity WHERE wait_event = 'advisory'`,
      (waiting) => waiting.length === 2,
    )
    const conflicts = async () => {
      const [row] = await observer<[{ count: number }]>`
      SELECT confl_snapshot::int AS count FROM pg_stat_database_conflicts WHERE datname = 'postgres'`
      return row.count
    }
    await writer`DELETE FROM things WHERE id > 600`
    await writer`VACUUM things`
    await poll(conflicts, (count) => count === 2)
    await holder`SELECT pg_advisory_unlock_all()`
    await running
    const samples = await scrape()
    t.same(
      database.collectors.list.map(({ error }) => error),
      counters.map(() => undefined),
    )
    for (const name of 'abcd') t.equal(samples.get(`business_${name}`), 600)
    t.equal(samples.get('collection_duration_seconds_count{result="failure"}'), 0)
  },
)
