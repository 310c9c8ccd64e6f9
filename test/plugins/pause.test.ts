import t from 'tap'
import { freePort } from '../../demo/port.ts'
import { defineCollector, gauge } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { startService } from '../service.ts'

const things = defineCollector({
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql`SELECT count(*) AS business_things FROM things`,
})

/** A service that has collected once, and what its debug listener answers. */
async function start(t: Parameters<typeof startService>[0], env = {}) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things ()`
  const port = await freePort()
  const service = await startService(
    t,
    { DATABASE_URL: url, DEBUG_PORT: String(port), ...env },
    { collectors: [things] },
  )
  const post = async (path: string, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/debug/${path}`, {
      method: 'POST',
      headers,
      redirect: 'manual',
    })
    return {
      status: response.status,
      body: await response.text(),
      location: response.headers.get('location'),
    }
  }
  return { ...service, sql, post }
}

t.test('while collection is paused no query is sent, and the values stay', async (t) => {
  const { app, database, scrape, round, post, sql, log } = await start(t)
  await sql`INSERT INTO things DEFAULT VALUES`
  const { status, body } = await post('pause')
  t.equal(status, 200)
  t.ok(Date.parse(JSON.parse(body).paused) <= Date.now())
  t.equal(app.paused, Date.parse(JSON.parse(body).paused))
  await round()
  t.equal(database.collectors.list[0]?.runs.length, 1, 'a round sends nothing')
  t.equal((await post('collect')).status, 409, 'nor does one that is asked for')
  t.equal((await post('collectors/things/explain')).status, 409, 'nor does a plan')
  const page = await scrape()
  t.equal(page.get('collection_paused'), 1)
  t.equal(page.get('business_things'), 0)
  t.equal(page.get('collection_errors_total{collector="things"}'), 0)
  t.match(
    log.filter(({ event }) => event === 'paused'),
    [{ level: 'warn', msg: /^collection paused/ }],
  )

  t.strictSame(JSON.parse((await post('resume')).body), { paused: null })
  t.match(app.events.list()[0], { kind: 'resumed', durationSeconds: Number, level: 'info' })
  await database.round.settled()
  await round()
  const resumed = await scrape()
  t.equal(resumed.get('business_things'), 1)
  t.equal(resumed.get('collection_paused'), 0)
})

t.test('a round that runs when collection is paused ends on the server, and has not failed', async (t) => {
  const { app, database, round, post, sql, log, scrape } = await start(t)
  await sql.begin(async (sql) => {
    await sql`LOCK TABLE things`
    const running = round()
    const waits = () => sql`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'things'::regclass`
    await poll(waits, ({ length }) => length === 1)
    t.equal((await post('pause')).status, 200)
    await running
    await poll(waits, ({ length }) => length === 0)
  })
  const page = await scrape()
  t.equal(page.get('collector_success{collector="things"}'), 1)
  t.equal(page.get('collection_errors_total{collector="things"}'), 0)
  t.notOk(log.some(({ level }) => level === 'error'))
  app.resume()
  await round()
  t.equal(database.collectors.list[0]?.runs.length, 2, 'nothing of the one that was cut off is left')
})

t.test('/readyz stays 200 in a pause, and says it, however old the values are', async (t) => {
  const { app, database, post } = await start(t, {
    COLLECTOR_STALE_AFTER: '1ms',
    METRICS_TICK_DURATION: '1s',
  })
  await post('pause')
  const [status] = database.collectors.list
  await poll(
    () => status?.isStale(performance.now()),
    (isStale) => isStale === true,
  )
  const { statusCode, body } = await app.inject('/readyz')
  t.equal(statusCode, 200)
  t.match(JSON.parse(body), { ready: true, collectors: [], paused: /^\d{4}-\d\d-\d\dT/ })
})

t.test('a second pause changes nothing, and a resume without one neither', async (t) => {
  const { app, post } = await start(t)
  await post('resume')
  await post('pause')
  const since = app.paused
  await post('pause')
  t.equal(app.paused, since)
  const kinds = app.events.list().map(({ kind }) => kind)
  t.strictSame(
    kinds.filter((kind) => kind === 'paused' || kind === 'resumed'),
    ['paused'],
  )
})

t.test('a browser goes back to the page', async (t) => {
  const { post } = await start(t)
  for (const path of ['pause', 'resume']) {
    t.match(await post(path, { accept: 'text/html' }), { status: 303, location: '/debug' })
  }
})
