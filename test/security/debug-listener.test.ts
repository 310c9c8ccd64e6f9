import t from 'tap'
import { freePort } from '../../demo/port.ts'
import { defineCollector, gauge, open } from '../../src/collector.ts'
import { untilLeft } from '../backends.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { startService } from '../service.ts'

// Somebody who asks the debug listener for as much as it gives.

const quick = defineCollector({
  name: 'quick',
  metrics: { business_quick: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_quick`,
})

/** The server calls the function when it plans the query, too. */
const slow = defineCollector({
  name: 'slow',
  metrics: { business_slow: gauge('One.') },
  interval: '240h',
  query: (sql) => sql`SELECT slow() AS business_slow`,
})

const SLOW = `
  CREATE FUNCTION slow() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
    -- Without waiting for the lock: that has a limit of its own.
    WHILE NOT pg_try_advisory_xact_lock_shared(1) LOOP PERFORM pg_sleep(0.02); END LOOP;
    RETURN 1;
  END $$`

t.test('rounds go on, whatever the debug listener is asked for', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe(SLOW)
  const port = await freePort()
  const { scrape, round, app } = await startService(
    t,
    { DATABASE_URL: url, DEBUG_PORT: String(port), COLLECTOR_CONCURRENCY: '1' },
    { collectors: [quick, slow] },
  )
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}/debug${path}`, { method })
    return { status: response.status, body: await response.text() }
  }
  const explain = () => ask('/collectors/slow/explain', 'POST')
  const [{ name = '' } = {}] = await sql`SELECT current_database() AS name`
  const lock = await sql.reserve()
  await lock`SELECT pg_advisory_lock(1)`
  const first = explain()
  await poll(
    () => sql`SELECT pid FROM pg_stat_activity WHERE datname = ${name} AND wait_event = 'PgSleep'`,
    (rows) => rows.length === 1,
  )

  const [others, pages, profiles] = await Promise.all([
    Promise.all(Array.from({ length: 9 }, explain)),
    Promise.all(Array.from({ length: 80 }, () => ask(''))),
    Promise.all(Array.from({ length: 10 }, () => ask('/pprof/profile?seconds=1'))),
    (async () => {
      for (let i = 0; i < 5; i++) await round()
    })(),
  ])
  const statuses = (answers: readonly { status: number }[]) => [
    ...new Set(answers.map(({ status }) => status)),
  ]
  t.same(statuses(others), [409])
  t.match(JSON.parse(others[0]?.body ?? ''), { error: /^the database is explaining a query: retry/ })
  t.same(statuses(pages), [200])
  t.same(statuses(profiles).sort(), [200, 409])
  const samples = await scrape()
  t.equal(samples.get('collection_duration_seconds_count{result="success"}'), 6)
  t.equal(samples.get('collection_skipped_ticks_total'), 0)
  t.equal(samples.get('business_quick'), 1)
  // One session of the rounds, and the one that explains.
  await untilLeft(t, sql, 2)

  await lock`SELECT pg_advisory_unlock(1)`
  lock.release()
  t.match(await first, { status: 200, body: /id="plan"[^>]*>Result/ })
  await untilLeft(t, sql, 1)
  t.match(await explain(), { status: 200 })
  t.equal((await app.inject('/healthz')).statusCode, 200)
})

t.test('no text of a database is markup on a page: not of a row, a rejection or an error', async (t) => {
  const markup = '<img src=x onerror=alert(1)>"\'</script><script>alert(1)</script>'
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE texts (text text)`
  await sql`INSERT INTO texts VALUES (${markup})`
  const label = defineCollector({
    name: 'label',
    labels: { text: open(10) },
    metrics: { business_label: gauge('One.') },
    query: (sql) => sql`SELECT text, 1 AS business_label FROM texts`,
  })
  const rejected = defineCollector({
    name: 'rejected',
    metrics: { business_rejected: gauge('A text.') },
    query: (sql) => sql`SELECT text AS business_rejected FROM texts`,
  })
  const failing = defineCollector({
    name: 'failing',
    metrics: { business_failing: gauge('A text.') },
    query: (sql) => sql`SELECT text::int AS business_failing FROM texts -- <script>alert(1)</script>`,
  })
  const port = await freePort()
  const { app } = await startService(
    t,
    { DATABASE_URL: url, DEBUG_PORT: String(port), SERVICE_NAME: markup },
    { collectors: [label, rejected, failing] },
  )
  const paths = ['', ...['label', 'rejected', 'failing'].map((name) => `/collectors/${name}`)]
  const pages = await Promise.all(
    paths.map(async (path) =>
      (
        await fetch(
          `http://127.0.0.1:${port}/debug${path}?search=${encodeURIComponent(path === '' ? markup : '')}`,
        )
      ).text(),
    ),
  )
  for (const page of [...pages, (await app.inject('/')).body]) {
    t.match(page, '&lt;img src=x onerror=alert(1)&gt;')
    t.notMatch(page, /<img|<script>|<\/script><script/)
  }
})
