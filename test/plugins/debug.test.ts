import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { defineCollector, gauge, open } from '../../src/collector.ts'
import type { Environment } from '../../src/config/read.ts'
import { createDatabase } from '../database.ts'
import { Gate, urlOf } from '../gate.ts'
import { startService } from '../service.ts'

const good = defineCollector({
  name: 'good',
  metrics: { business_good: gauge('Good.') },
  interval: '48h',
  query: (sql) => sql`SELECT 1 AS business_good`,
})
const bad = defineCollector({
  name: 'bad',
  metrics: { business_bad: gauge('Bad.') },
  query: (sql) => sql`SELECT 1 / 0 AS business_bad`,
})

/** A service that collects both, and what its debug listener answers. */
async function startDebug(t: Test, env: Environment = {}) {
  const { url, sql } = await createDatabase(t, { schema: false })
  const port = await freePort()
  const service = await startService(
    t,
    { DATABASE_URL: url, DEBUG_PORT: String(port), ...env },
    { collectors: [good, bad] },
  )
  const ask = (path: string, options: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...options })
  return { url, sql, port, ask, ...service }
}

t.test('/debug/collectors tells what each collector did last', async (t) => {
  const before = Date.now()
  const { ask } = await startDebug(t)
  const response = await ask('/debug/collectors')
  const [first, second] = (await response.json()) as [Record<string, string>, Record<string, string>]
  t.match(first, { name: 'good', outcome: 'success', durationSeconds: Number, series: 1, lastError: null })
  t.match(second, {
    name: 'bad',
    outcome: 'failure',
    series: 0,
    lastSuccess: null,
    lastError: 'division by zero',
  })
  const day = 24 * 3600 * 1000
  // The second tick comes half a tick to a tick after the first.
  for (const [{ nextDue = '' }, days] of [
    [first, 1],
    [second, 0],
  ] as const) {
    const due = Date.parse(nextDue) - days * day
    t.ok(
      due >= before + day / 2 && due <= Date.now() + day,
      `${nextDue} is ${days} days after the second tick`,
    )
  }
})

t.test('POST /debug/collect runs every collector, or one, whether it is due or not', async (t) => {
  const { ask, database } = await startDebug(t)
  const runs = () => database.collectors.list.map(({ runs }) => runs.length)
  t.same(runs(), [1, 1])
  const all = await ask('/debug/collect', { method: 'POST' })
  t.equal(all.status, 202)
  t.same(await all.json(), { collectors: ['good', 'bad'] })
  await database.round.settled()
  t.same(runs(), [2, 2])
  const one = await ask('/debug/collect?collector=bad', { method: 'POST' })
  t.same(await one.json(), { collectors: ['bad'] })
  await database.round.settled()
  t.same(runs(), [2, 3])

  const unknown = await ask('/debug/collect?collector=ugly', { method: 'POST' })
  t.equal(unknown.status, 404)
  t.same(await unknown.json(), { error: 'there is no collector "ugly"; the collectors are good, bad' })
  t.equal((await ask('/debug/collect')).status, 404, 'a GET starts nothing')
  t.same(runs(), [2, 3])
})

t.test('before the quorum nothing is collected by hand', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const gate = await Gate.start(t, url, { up: false })
  const port = await freePort()
  const env = { DATABASE_URL: urlOf(url, [gate]), DEBUG_PORT: String(port) }
  const { database } = await startService(t, env, { collectors: [good], start: false })
  const started = database.ticker.start()
  const response = await fetch(`http://127.0.0.1:${port}/debug/collect`, { method: 'POST' })
  t.equal(response.status, 503)
  t.match(await response.json(), { error: /waiting for the database quorum/ })
  const page = await (await fetch(`http://127.0.0.1:${port}/debug`)).text()
  t.match(page, '<strong>Waiting for the database quorum: 0 of 1 votes</strong>')
  await gate.up()
  await started
})

t.test('a collector that there is not is a 404 that names those that there are', async (t) => {
  const { ask } = await startDebug(t)
  for (const [path, method] of [
    ['/debug/collectors/ugly', 'GET'],
    ['/debug/collectors/ugly/explain', 'POST'],
  ] as const) {
    const response = await ask(path, { method })
    t.equal(response.status, 404)
    t.same(await response.json(), { error: 'there is no collector "ugly"; the collectors are good, bad' })
  }
})

t.test('a query that cannot be planned is told instead of a plan', async (t) => {
  const { ask, database } = await startDebug(t)
  database.collectors.add(
    defineCollector({
      name: 'lost',
      metrics: { business_lost: gauge('Lost.') },
      query: (sql) => sql`SELECT count(*) AS business_lost FROM nowhere`,
    }).collector,
  )
  const response = await ask('/debug/collectors/lost/explain', { method: 'POST' })
  t.equal(response.status, 303)
  const path = response.headers.get('location') ?? ''
  t.equal(path, '/debug/collectors/lost#plan')
  for (const time of ['first', 'second']) {
    t.match(await (await ask(path)).text(), 'No plan: relation &quot;nowhere&quot; does not exist', time)
  }
  t.equal(
    (await ask('/debug/collectors/lost/explain')).headers.get('location'),
    path,
    'an address that was kept',
  )
})

t.test('a flame graph is drawn of a profile that is taken for it, and stays for a reload', async (t) => {
  const { ask } = await startDebug(t)
  t.match(await (await ask('/debug/pprof/flame')).text(), 'None was taken yet')
  t.equal((await ask('/debug/pprof/flame?seconds=7', { method: 'POST' })).status, 400)
  const taken = ask('/debug/pprof/flame?seconds=1', { method: 'POST' })
  while (await Promise.race([taken.then(() => false), ask('/debug').then((page) => page.text())]));
  t.equal((await taken).headers.get('location'), '/debug/pprof/flame')
  for (const path of ['/debug/pprof/flame', '/debug/pprof/flame?focus=1']) {
    const page = await (await ask(path)).text()
    t.match(page, /<svg class="flame".*class="f-own"/s)
    t.notMatch(page, '(idle)')
  }
})

t.test('the page of a collector shows what a run has changed, and links where its past is', async (t) => {
  const { ask, database, sql } = await startDebug(t, {
    PROMETHEUS_URL: 'https://prom.example/',
    GRAFANA_URL: 'https://graf.example',
  })
  await sql`CREATE TABLE things (kind text)`
  await sql`INSERT INTO things VALUES ('<b>big</b>')`
  const things = defineCollector({
    name: 'things',
    labels: { kind: open(10) },
    metrics: { business_things: gauge('Things.') },
    query: (sql) => sql`SELECT kind, count(*) AS business_things FROM things GROUP BY kind`,
  })
  database.collectors.add(things.collector)
  await database.round.run(1)
  const page = async () => (await ask('/debug/collectors/things?sort=value')).text()
  const first = await page()
  t.match(
    first,
    '<code>business_things{kind=&quot;&lt;b&gt;big&lt;/b&gt;&quot;}</code> <span class="number">1</span><span class="change"></span>',
  )
  t.match(first, 'href="https://prom.example/graph?g0.expr=business_things&amp;')
  t.match(first, 'href="https://graf.example/explore?')
  await sql`INSERT INTO things VALUES ('<b>big</b>'), ('small')`
  await database.round.run(2)
  const second = await page()
  t.match(second, '<span class="number">2</span><span class="change">+1</span>')
  t.match(second, '<span class="number">1</span><span class="change">new</span>')
  t.match(await page(), '<span class="change">+1</span>', 'a reload shows the same')
  t.notMatch(second, '<b>big')
})

t.test('of many samples the first thousand are shown, and how many there are', async (t) => {
  const { ask, database } = await startDebug(t)
  const many = defineCollector({
    name: 'many',
    labels: { number: open(5000) },
    metrics: { business_many: gauge('Many.') },
    query: (sql) => sql`SELECT n AS number, n AS business_many FROM generate_series(1, 2500) AS n`,
  })
  database.collectors.add(many.collector)
  await database.round.run(1)
  const shown = async (search: string) => {
    const body = await (await ask(`/debug/collectors/many?search=${search}`)).text()
    return [body.match(/business_many\{/g)?.length, /<p role="status">(.*?)<\/p>/.exec(body)?.[1]]
  }
  t.same(await shown(''), [1000, 'The first 1,000 of 2,500.'])
  t.same(await shown('%22249'), [11, '11 found.'], '249 and 2490 to 2499')
})

t.test('neither the page of another site nor another name for this machine is answered', async (t) => {
  const { ask, database, port } = await startDebug(t)
  const headers = { 'sec-fetch-site': 'cross-site' }
  t.equal((await ask('/debug/collect', { method: 'POST', headers })).status, 403)
  await database.round.settled()
  t.equal(database.collectors.list[0]?.runs.length, 1, 'nothing was collected')
  t.equal((await ask('/debug', { headers })).status, 403)

  const status = async (host: string) => {
    const [response] = await once(request({ port, path: '/debug', headers: { host } }).end(), 'response')
    response.resume()
    return response.statusCode
  }
  t.equal(await status('evil.example'), 403)
  t.equal(await status(`127.0.0.1.evil.example:${port}`), 403)
  t.equal(await status(`localhost:${port}`), 200)
  t.equal(await status(`[::1]:${port}`), 200)
})

t.test('with DEBUG_TOKEN a browser can give it as a password', async (t) => {
  const { ask } = await startDebug(t, { DEBUG_TOKEN: 'open-sesame' })
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  for (const path of ['/debug', '/debug/live', '/debug/collectors/good', '/debug/assets/style.css']) {
    const refused = await ask(path)
    t.equal(refused.status, 401, path)
    t.match(refused.headers.get('www-authenticate'), /^Basic /)
    t.equal((await ask(path, { headers: basic('me:open') })).status, 401)
    const controller = new AbortController()
    const response = await ask(path, { headers: basic('me:open-sesame'), signal: controller.signal })
    t.equal(response.status, 200, path)
    controller.abort()
  }
  const bearer = await ask('/debug/collectors', { headers: { authorization: 'Bearer open-sesame' } })
  t.equal(bearer.status, 200)
})

t.test('/debug/events has the lines of the log that say what has changed, the newest first', async (t) => {
  const { ask, log } = await startDebug(t)
  const events = (await (await ask('/debug/events')).json()) as { message: string; kind: string }[]
  t.match(events[0], { kind: 'failed', level: 'error', collector: 'bad', at: Number })
  const lines = log.flatMap(({ event, msg }) => (event === undefined ? [] : { kind: event, message: msg }))
  t.strictSame(
    events.map(({ kind, message }) => ({ kind, message })),
    lines.toReversed(),
  )
})

t.test('the page shows the configuration that is in effect, and no secret', async (t) => {
  const { ask, url } = await startDebug(t, { METRICS_TOKEN: 'hush-hush', COLLECTOR_TIMEOUT: '7s' })
  const body = await (await ask('/debug')).text()
  const { username, password, host, pathname } = new URL(url)
  t.match(body, `postgres://${username}@${host}${pathname}?target_session_attrs=prefer-standby`)
  t.match(body, '<th scope="row">COLLECTOR_TIMEOUT</th><td>7s</td><td>set</td>')
  t.match(body, '<th scope="row">COLLECTOR_STALE_AFTER</th><td>10m</td><td>default</td>')
  t.match(body, '<th scope="row">METRICS_TOKEN</th><td>(set)</td>')
  t.notOk(body.includes(password) && password !== username)
  t.notOk(body.includes('hush-hush'))
})

t.test('the page says of a secret in a file that the file sets it', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = t.testdir({ url, token: 'hush-hush-hush-hush-hush' })
  const port = await freePort()
  await startService(t, {
    DATABASE_URL_FILE: join(folder, 'url'),
    METRICS_TOKEN_FILE: join(folder, 'token'),
    DEBUG_PORT: String(port),
  })
  const body = await (await fetch(`http://127.0.0.1:${port}/debug`)).text()
  t.match(body, '<th scope="row">METRICS_TOKEN</th><td>(set by METRICS_TOKEN_FILE)</td><td>set</td>')
  t.match(body, /<th scope="row">DATABASE_URL<\/th><td>postgres:[^<]*<\/td><td>set<\/td>/)
  t.match(body, /<th scope="row">DEBUG_TOKEN<\/th><td><\/td><td>default<\/td>/)
  t.notOk(body.includes('hush-hush'))
})

t.test('/readyz of the debug listener has the reasons', async (t) => {
  const { ask } = await startDebug(t)
  const response = await ask('/readyz')
  t.equal(response.status, 503)
  t.match(await response.json(), {
    ready: false,
    collectors: ['bad'],
    reasons: [
      /^collector bad has not succeeded yet: division by zero \(\S+debug\.test\.ts:\d+:\d+\) — write: … \/ nullif\(…, 0\)$/,
    ],
  })
})

t.test('open pages do not hold up a stop, and there is a limit of them', async (t) => {
  const { ask, app } = await startDebug(t)
  const pages = await Promise.all(Array.from({ length: 50 }, () => ask('/debug/live')))
  t.ok(pages.every(({ status }) => status === 200))
  t.equal((await ask('/debug/live')).status, 429)
  await app.close()
  for (const page of pages) t.match(await page.text(), /^retry: 1000\n\ndata: \{"health"/)
})
