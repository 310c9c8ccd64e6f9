import t from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

const one = defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_one`,
})

const bad = defineCollector({
  name: 'bad',
  metrics: { business_bad: gauge('Bad.') },
  query: (sql) => sql`SELECT 1 / 0 AS business_bad`,
})

const text = defineCollector({
  name: 'text',
  metrics: { business_text: gauge('Text.') },
  query: (sql) => sql`SELECT 'many' AS business_text`,
})

const METRICS_TOKEN = 'a-token-of-some-length'

t.test('/readyz is 503 until every collector has succeeded, and 200 from then on', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { app, database } = await startService(
    t,
    { DATABASE_URL: url, METRICS_TOKEN },
    { collectors: [one], start: false },
  )
  const ready = async () => {
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` }
    const { statusCode, body } = await app.inject({ url: '/readyz', headers })
    return [statusCode, JSON.parse(body)]
  }
  const quorum = 'waiting for the database quorum: 0 of 1 votes'
  t.same(await ready(), [503, { ready: false, collectors: ['one'], reasons: [quorum] }])
  await database.db.waitForQuorum(new AbortController().signal)
  const first = 'collector one has not succeeded yet'
  t.same(await ready(), [503, { ready: false, collectors: ['one'], reasons: [first] }])
  await database.round.run(0)
  t.same(await ready(), [200, { ready: true, collectors: [], reasons: [] }])
})

t.test(
  '/ says how the service is, with the age and the series of each collector, and no error',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const { app } = await startService(
      t,
      { DATABASE_URL: url, METRICS_TICK_DURATION: '90s', SERVICE_NAME: 'shop & co' },
      { collectors: [one, bad, text] },
    )
    const { body, headers } = await app.inject('/')
    t.match(headers['content-type'], 'text/html')
    for (const link of ['/metrics', '/readyz', '/healthz']) t.match(body, `href="${link}"`)
    t.match(body, '<title id="title">2 problems · shop &amp; co</title>')
    t.match(body, 'every 1m30s')
    t.match(
      body,
      /<th scope="row">one<\/th><td><span class="ok">ok<\/span><\/td>\s*<td>0 s ago<\/td><td>1<\/td>/,
    )
    t.match(
      body,
      /<th scope="row">bad<\/th><td><span class="failing">failing<\/span><\/td>\s*<td>never<\/td><td>0<\/td>/,
    )
    t.match(body, /<th scope="row">text<\/th><td><span class="warning">rejecting<\/span>/)
    t.match(body, /<li class="p-bad">.*<div>bad fails since \d\d:\d\d:\d\d UTC<\/div><\/li>/)
    t.match(body, /<li class="p-warn">.*<div>text rejects rows: 1 in its last run<\/div><\/li>/)
    t.notMatch(body, 'division by zero')
    t.notMatch(body, 'many')
    t.match(body, process.env.npm_package_version ?? '0.1.0')
  },
)

t.test('where nothing is, a browser gets a page, and any other client JSON', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { app } = await startService(t, { DATABASE_URL: url }, { start: false })
  const page = await app.inject({ url: '/nowhere?<b>', headers: { accept: 'text/html,*/*;q=0.8' } })
  t.equal(page.statusCode, 404)
  t.match(page.body, '<a href="/">/</a>')
  t.notMatch(page.body, 'nowhere')
  const json = await app.inject('/nowhere')
  t.same([json.statusCode, json.json()], [404, { error: 'there is no GET /nowhere' }])
})

t.test('a service without a collector is not ready, and says so', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { app } = await startService(t, { DATABASE_URL: url, METRICS_TOKEN })
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` }
  const response = await app.inject({ url: '/readyz', headers })
  t.equal(response.statusCode, 503)
  t.match(response.json(), { ready: false, reasons: [/no collector is loaded/] })
  t.equal((await app.inject('/healthz')).statusCode, 200)
})
