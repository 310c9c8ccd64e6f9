import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import net, { type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type CollectorPlugin, type Duration, defineCollector, gauge, open } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { samplesOf } from '../exposition.ts'
import { poll } from '../poll.ts'
import { startService } from '../service.ts'

const TEXT = 'text/plain; version=0.0.4; charset=utf-8'
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const accept = 'application/openmetrics-text;version=1.0.0'

interface Answer {
  readonly status: number | undefined
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

/** A request with these headers and no others. */
async function request(url: string, headers: http.OutgoingHttpHeaders = {}, method = 'GET'): Promise<Answer> {
  const sent = http.request(url, { method, headers, agent: false }).end()
  const [response]: [http.IncomingMessage] = (await once(sent, 'response')) as [http.IncomingMessage]
  const body = Buffer.concat(await response.toArray())
  return { status: response.statusCode, headers: response.headers, body }
}

/** The text of a scrape, inflated if need be. */
async function scrape(url: string, headers: http.OutgoingHttpHeaders = {}): Promise<string> {
  const { status, headers: answered, body } = await request(url, headers)
  if (status !== 200) throw new Error(`GET ${url}: ${status} ${body}`)
  return String(answered['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
}

/** The service with these collectors, listening, after its first round. */
async function listen(t: Test, collectors: CollectorPlugin[], env = {}) {
  const database = await createDatabase(t, { schema: false })
  const service = await startService(t, { DATABASE_URL: database.url, ...env }, { collectors, start: false })
  const url = `${await service.app.listen({ port: 0, host: '127.0.0.1' })}/metrics`
  const start = async () => {
    await service.database.ticker.start()
    await service.database.round.settled()
  }
  return { ...service, ...database, url, start }
}

const steady = defineCollector({
  name: 'steady',
  metrics: { business_steady: gauge('Steady.') },
  query: (sql) => sql`SELECT 1 AS business_steady`,
})

/** A collector of which every value is the one number in the table "rounds". */
function manyOf(name: string, sets: number): CollectorPlugin {
  return defineCollector({
    name,
    labels: { kind: open(sets) },
    metrics: { [`business_${name}`]: gauge('The number of the round.') },
    query: (sql) => sql`
      SELECT 'kind ' || kind AS kind, n AS ${sql(`business_${name}`)}
        FROM rounds, generate_series(1, ${sets}::int) AS kind`,
  })
}

/** Every business value of a page, and how many there are. */
function valuesOf(page: string): { values: Set<number>; count: number } {
  const found = [...page.matchAll(/^business_.* (\S+)$/gm)].map(([, value]) => Number(value))
  return { values: new Set(found), count: found.length }
}

t.test('a scrape without an Accept header is answered with text, as it is', async (t) => {
  const { url, start } = await listen(t, [steady])
  await start()
  const { status, headers, body } = await request(url)
  t.equal(status, 200)
  t.equal(headers['content-type'], TEXT)
  t.equal(headers['content-encoding'], undefined)
  t.equal(headers['content-length'], String(body.length))
  t.match(String(body), /^business_steady 1$/m)
})

t.test('a scrape that prefers OpenMetrics is answered with it', async (t) => {
  const { url, start } = await listen(t, [steady])
  await start()
  const { headers, body } = await request(url, { accept })
  t.equal(headers['content-type'], OPENMETRICS)
  t.match(String(body), /^business_steady 1$/m)
  t.ok(String(body).endsWith('\n# EOF\n'))
})

for (const format of [TEXT, OPENMETRICS]) {
  t.test(`${format.split(';')[0]} is compressed when the scrape asks for it, and then alone`, async (t) => {
    const { url, start } = await listen(t, [steady])
    await start()
    for (const encoding of ['', 'identity', 'br', 'gzip;q=0', 'gzip;q=0.5, identity']) {
      const headers = encoding === '' ? {} : { 'accept-encoding': encoding }
      const answer = await request(url, { accept: format, ...headers })
      t.equal(answer.headers['content-encoding'], undefined, encoding)
      t.match(String(answer.body), /^business_steady 1$/m, encoding)
    }
    const answer = await request(url, { accept: format, 'accept-encoding': 'deflate, gzip' })
    t.equal(answer.headers['content-encoding'], 'gzip')
    t.equal(answer.headers['content-type'], format)
    t.equal(answer.headers['content-length'], String(answer.body.length))
    t.match(String(gunzipSync(answer.body)), /^business_steady 1$/m)
  })
}

t.test('every answer says that it depends on what the scrape accepts', async (t) => {
  const { url, start } = await listen(t, [steady])
  await start()
  for (const headers of [
    {},
    { accept },
    { 'accept-encoding': 'gzip' },
    { accept, 'accept-encoding': 'gzip' },
  ]) {
    t.equal((await request(url, headers)).headers.vary, 'Accept, Accept-Encoding')
  }
})

for (const headers of [
  {},
  { accept },
  { 'accept-encoding': 'gzip' },
  { accept, 'accept-encoding': 'gzip' },
]) {
  t.test(`HEAD has the headers of GET and no body, with ${JSON.stringify(headers)}`, async (t) => {
    const { url, start } = await listen(t, [steady])
    await start()
    const get = await request(url, headers)
    const head = await request(url, headers, 'HEAD')
    // The service's own numbers may have changed in between, and with them the length.
    const comparable = ({ status, headers }: Answer) => ({
      status,
      ...headers,
      date: '',
      'content-length': '',
    })
    t.same(comparable(head), comparable(get))
    t.match(head.headers['content-length'], /^[1-9]\d*$/)

    // An HTTP client would not show a body that must not be there.
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`HEAD /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${lines.join('')}\r\n`)
    const answer = String(Buffer.concat(await socket.toArray()))
    t.ok(answer.startsWith('HTTP/1.1 200 OK\r\n'))
    t.equal(answer.slice(answer.indexOf('\r\n\r\n')), '\r\n\r\n')
  })
}

t.test('a scrape during a publication sees the page before it or after it, never a mixture', async (t) => {
  const SETS = 1500
  const collectors = [manyOf('one', SETS), manyOf('other', SETS)]
  const { url, start, round, sql } = await listen(t, collectors)
  await sql`CREATE TABLE rounds AS SELECT 1 AS n`
  await start()

  let rounds = 1
  let done = false
  const seen = new Set<number>()
  /** What the self-metrics said beside each number. */
  const beside = new Map<number, Set<string>>()
  const scraper = async (headers: http.OutgoingHttpHeaders) => {
    let last = 0
    while (!done) {
      const page = await scrape(url, headers)
      const { values, count } = valuesOf(page)
      if (values.size !== 1 || count !== 2 * SETS) {
        return t.fail(`a page has ${count} values: ${[...values]}`)
      }
      const [n = 0] = values
      if (n < last) return t.fail(`a page of round ${n} came after one of round ${last}`)
      last = n
      seen.add(n)
      const self = [
        ...page.matchAll(
          /^(?:collection_duration_seconds_count|collector_last_success_timestamp_seconds|collector_series|collector_success|collection_errors_total)\{.*$/gm,
        ),
      ]
      beside.set(n, (beside.get(n) ?? new Set()).add(self.join('\n')))
      const counted = /^collection_duration_seconds_count\{result="success"\} (\d+)$/m.exec(page)?.[1]
      if (Number(counted) !== n) return t.fail(`beside round ${n}, ${counted} rounds are counted`)
    }
  }
  const scrapers = Array.from({ length: 12 }, (_, i) =>
    scraper({ ...(i % 2 && { accept }), ...(i % 3 && { 'accept-encoding': 'gzip' }) }),
  )
  // Rounds until scrapes have met enough of them, whatever the speed of either.
  while (seen.size < 12 && t.passing()) {
    await sql`UPDATE rounds SET n = ${++rounds}`
    await round()
  }
  done = true
  await Promise.all(scrapers)
  t.ok(seen.size >= 12)
  t.same(
    [...beside].filter(([, selves]) => selves.size !== 1).map(([n]) => n),
    [],
    'the self-metrics beside a round are always the same',
  )
  t.same(valuesOf(await scrape(url)).values, new Set([rounds]))
})

t.test('a publication any number of turns after a scrape began does not mix the pages', async (t) => {
  const number = defineCollector({
    name: 'number',
    metrics: { business_number: gauge('The number of the publication.') },
    query: (sql) => sql`SELECT 1 AS business_number`,
  })
  const { start, app, database } = await listen(t, [number])
  await start()
  const [status] = database.collectors.list
  if (status === undefined) return t.fail('there is no collector')
  const numbersOf = (page: string) => {
    const samples = samplesOf(page)
    return [
      samples.get('business_number'),
      samples.get('collection_duration_seconds_count{result="success"}'),
    ]
  }
  for (let steps = 0; steps < 20; steps++) {
    const n = steps + 2
    const pages = [app.inject('/metrics'), app.inject({ url: '/metrics', headers: { accept } })]
    for (let taken = 0; taken < steps; taken++) await setImmediate()
    const sets = [{ labels: [], values: [n] }]
    const rejected = { value: 0, label: 0, duplicate: 0 }
    const result = { sets, series: 1, folded: 0, rejected, rejection: undefined }
    app.page.publish(undefined, [{ status, seconds: 0.1, result }], 0.1, n)
    for (const { body } of await Promise.all(pages)) {
      const [value, counted] = numbersOf(body)
      if (value !== counted || (value !== n && value !== n - 1)) {
        return t.fail(`publication ${n}: the value of ${value} is beside ${counted} publications`)
      }
    }
    const after = numbersOf((await app.inject('/metrics')).body)
    if (after[0] !== n || after[1] !== n) return t.fail(`after publication ${n} the page is that of ${after}`)
  }
})

for (const headers of [{}, { 'accept-encoding': 'gzip' }]) {
  t.test(`a slow scrape gets the page with which it began, with ${JSON.stringify(headers)}`, async (t) => {
    // Compressed or not, more than the buffers of two sockets hold.
    const SETS = 9000
    const plain = !('accept-encoding' in headers)
    const collector = defineCollector({
      name: 'many',
      labels: { kind: open(SETS), place: open(SETS) },
      metrics: { business_many: gauge('The number of the round.') },
      query: (sql) => {
        const noise = sql`
          (SELECT string_agg(translate(encode(sha512((kind || ' ' || i)::bytea), 'base64'), chr(10), ''), '')
             FROM generate_series(1, 11) AS i)`
        return sql`
          SELECT ${noise} AS kind, reverse(${noise}) AS place, n AS business_many
            FROM rounds, generate_series(1, ${SETS}::int) AS kind`
      },
    })
    const { url, start, round, sql, app } = await listen(t, [collector])
    await sql`CREATE TABLE rounds AS SELECT 1 AS n`
    await start()
    await scrape(url, headers)

    const accepted = once(app.server, 'connection') as Promise<[Socket]>
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${lines.join('')}\r\n`)
    const [theirs] = await accepted
    const [first] = (await once(socket, 'data')) as [Buffer]
    socket.pause()
    for (let n = 2; n <= 3; n++) {
      await sql`UPDATE rounds SET n = ${n}`
      await round()
      t.same(valuesOf(await scrape(url, headers)).values, new Set([n]))
    }
    t.ok(theirs.writableLength > 0, 'the page is still being sent')
    const answer = Buffer.concat([first, ...(await socket.toArray())])
    const at = answer.indexOf('\r\n\r\n')
    const body = answer.subarray(at + 4)
    t.match(String(answer.subarray(0, at)), `content-length: ${body.length}`)
    const page = String(plain ? body : gunzipSync(body))
    t.same(valuesOf(page), { values: new Set([1]), count: SETS })
    t.match(page, /^# TYPE http_request_duration_seconds histogram$/m, 'it is whole')
  })
}

/** Asks for a page again and again on one connection, each time at once, and says how many answers were whole when it ended. */
const HASTY = `
  const [url, times] = process.argv.slice(1)
  let answered = 0
  let rest = 0
  const socket = require('node:net').connect(Number(new URL(url).port), '127.0.0.1')
  const ask = () => socket.write('GET /metrics HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n')
  socket.on('data', (chunk) => {
    if (rest === 0) {
      const head = String(chunk.subarray(0, chunk.indexOf('\\r\\n\\r\\n') + 4))
      rest = Number(/^content-length: (\\d+)/im.exec(head)[1]) + head.length
    }
    rest -= chunk.length
    if (rest > 0) return
    if (++answered < times) ask()
    else socket.end()
  })
  socket.on('close', () => console.log(answered))
  ask()`

t.test('who asks again as soon as an answer is whole is answered on the same connection', async (t) => {
  // More than the buffers of two sockets hold.
  const SETS = 9000
  const TIMES = 99
  const collector = defineCollector({
    name: 'many',
    labels: { kind: open(SETS) },
    metrics: { business_many: gauge('One.') },
    query: (sql) => sql`
      SELECT rpad(kind || ' ', 1000, 'a') AS kind, 1 AS business_many FROM generate_series(1, ${SETS}::int) AS kind`,
  })
  const { url, start } = await listen(t, [collector])
  await start()
  // In a process of its own, it can ask while this one has not heard yet that the answer is sent.
  for (let connection = 0; connection < 3; connection++) {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', HASTY, url, String(TIMES)])
    t.equal(Number(stdout), TIMES)
  }
})

t.test('scrapes at the same time share one rendering', async (t) => {
  const { url, start } = await listen(t, [steady])
  await start()
  // A rendering is shared until it is a second old, so the clock is stopped. No two renderings are alike: the service
  // tells how much processor time it has used.
  const now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
  const pages = await Promise.all(
    Array.from({ length: 200 }, (_, i) => scrape(url, i % 2 ? { 'accept-encoding': 'gzip' } : {})),
  )
  t.equal(new Set(pages).size, 1)
})

t.test('a family is written once for each run of its collector, however often it is scraped', async (t) => {
  /** How often the name of a collector's one metric was asked for: code that writes its samples has to. */
  const asked = { rare: 0, frequent: 0 }
  const counting = (name: keyof typeof asked, interval?: Duration): CollectorPlugin => {
    const plugin = defineCollector({
      name,
      metrics: { [`business_${name}`]: gauge('Any.') },
      ...(interval !== undefined && { interval }),
      query: (sql) => sql`SELECT 1 AS ${sql(`business_${name}`)}`,
    })
    const metrics = plugin.collector.metrics.map((metric) => ({
      ...metric,
      get name() {
        asked[name]++
        return metric.name
      },
    }))
    return Object.assign(plugin, { collector: { ...plugin.collector, metrics } })
  }
  const { url, start, round, app } = await listen(t, [counting('rare', '480h'), counting('frequent')])
  await start()
  await scrape(url)
  const { rare } = asked
  for (let rounds = 2; rounds <= 5; rounds++) {
    const before = asked.frequent
    await round()
    t.ok(asked.frequent > before, 'it is written when the round ends')
    const after = { ...asked }
    for (const headers of [{}, { 'accept-encoding': 'gzip' }]) {
      const samples = samplesOf(await scrape(url, headers))
      t.equal(samples.get('collection_duration_seconds_count{result="success"}'), rounds, 'the page is new')
      t.equal(samples.get('business_rare'), 1)
    }
    t.same(asked, after, 'and not when it is scraped')
    t.equal(asked.rare, rare, 'what did not run is not written again')
  }
  await scrape(url, { accept })
  t.ok(asked.rare > rare, 'another form is written')
  const written = { ...asked }
  await scrape(url, { accept })
  t.same(asked, written, 'and that once too')
  await app.close()
})

t.test('after COLLECTOR_STALE_AFTER the values of a failing collector are in neither form', async (t) => {
  const things = defineCollector({
    name: 'things',
    metrics: { business_things: gauge('Things.') },
    query: (sql) => sql`SELECT size AS business_things FROM things`,
  })
  const env = { METRICS_TICK_DURATION: '1s', COLLECTOR_STALE_AFTER: '2s' }
  const { url, sql, start } = await listen(t, [things, steady], env)
  await sql`CREATE TABLE things AS SELECT 5 AS size`
  await start()
  const forms = [{}, { accept }]
  for (const headers of forms) t.equal(samplesOf(await scrape(url, headers)).get('business_things'), 5)
  await sql`ALTER TABLE things RENAME TO gone`
  for (const headers of forms) {
    const samples = await poll(
      async () => samplesOf(await scrape(url, headers)),
      (samples) => !samples.has('business_things'),
    )
    t.equal(samples.get('business_steady'), 1)
    t.equal(samples.get('collector_success{collector="things"}'), 0)
    t.equal(samples.get('collector_series{collector="things"}'), 0)
  }
  await sql`ALTER TABLE gone RENAME TO things`
  for (const headers of forms) {
    const samples = await poll(
      async () => samplesOf(await scrape(url, headers)),
      (samples) => samples.has('business_things'),
    )
    t.equal(samples.get('business_things'), 5)
  }
})

t.test('a page is made though a round ends at every moment', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { app, scrape } = await startService(t, { DATABASE_URL: url }, { collectors: [] })
  let over = false
  const publish = () => {
    if (over) return
    app.page.publish(undefined, [], 0, 1)
    void setImmediate().then(publish)
  }
  publish()
  const samples = await scrape()
  over = true
  t.equal(samples.get('database_quorum_votes'), 1)
})

t.test('a scrape calls no function of Node.js that is its own: one has ended the process', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { scrape } = await startService(t, { DATABASE_URL: url })
  for (const name of ['_getActiveHandles', '_getActiveRequests']) {
    const own = Reflect.get(process, name)
    t.type(own, 'function')
    t.teardown(() => Reflect.set(process, name, own))
    Reflect.set(process, name, () => t.fail(name))
  }
  t.ok([...(await scrape()).keys()].some((name) => name.startsWith('nodejs_active_resources{')))
})
