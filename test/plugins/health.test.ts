import t from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

const one = defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_one`,
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

t.test('/ links the other pages and names version, tick and collectors', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { app } = await startService(
    t,
    { DATABASE_URL: url, METRICS_TICK_DURATION: '90s' },
    { collectors: [one] },
  )
  const { body, headers } = await app.inject('/')
  t.match(headers['content-type'], 'text/html')
  for (const link of ['/metrics', '/readyz', '/healthz']) {
    t.match(body, `href="${link}"`)
    t.equal((await app.inject(link)).statusCode, 200)
  }
  t.match(body, 'every 1m30s')
  t.match(body, '<li>one</li>')
  t.match(body, process.env.npm_package_version ?? '0.1.0')
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
