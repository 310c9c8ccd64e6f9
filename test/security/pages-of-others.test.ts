import { once } from 'node:events'
import { request } from 'node:http'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { defineCollector, gauge } from '../../src/collector.ts'
import type { Environment } from '../../src/config/read.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

// A page of another site, in the browser of somebody who can reach the debug listener.

const one = defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_one`,
})

type Headers = Readonly<Record<string, string>>

/** The service, and how to ask its debug listener: the status, and the text of what is not an endless answer. */
async function start(t: Test, env: Environment = {}) {
  const { url } = await createDatabase(t, { schema: false })
  const port = await freePort()
  const { app, database } = await startService(
    t,
    { DATABASE_URL: url, DEBUG_PORT: String(port), ...env },
    { collectors: [one] },
  )
  const ask = async (method: string, path: string, headers: Headers) => {
    const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false }).end()
    const [response] = await once(sent, 'response')
    if (response.headers['content-type'] !== 'text/event-stream') for await (const _ of response);
    sent.destroy()
    return response.statusCode
  }
  return { app, database, port, ask }
}

const PATHS = [
  ['GET', '/'],
  ['GET', '/readyz'],
  ['GET', '/debug'],
  ['HEAD', '/debug'],
  ['GET', '/debug/live'],
  ['HEAD', '/debug/live'],
  ['GET', '/debug/events'],
  ['GET', '/debug/collectors'],
  ['GET', '/debug/collectors/one'],
  ['GET', '/debug/assets/style.css'],
  ['GET', '/debug/pprof/'],
  ['GET', '/debug/pprof/profile?seconds=1'],
  ['GET', '/debug/pprof/heap?seconds=1'],
  ['GET', '/nowhere'],
  ['POST', '/debug/collect'],
  ['POST', '/debug/pause'],
  ['POST', '/debug/resume'],
  ['POST', '/debug/reload'],
  ['POST', '/debug/collectors/one/explain'],
] as const

const MARKS: readonly Headers[] = [
  { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
  { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'something-new' },
  { origin: 'http://evil.example' },
  { origin: 'null' },
  { origin: 'http://localhost.evil.example' },
  { origin: 'http://localhost:1' },
  { origin: '' },
  { origin: 'null', 'sec-fetch-site': 'same-origin' },
  { origin: 'http://evil.example', 'sec-fetch-site': 'none' },
]

t.test('a page of another site starts nothing and reads nothing, whatever its browser sends', async (t) => {
  const { ask, app, database, port } = await start(t)
  const { last } = app.reloads
  for (const [method, path] of PATHS) {
    for (const marks of MARKS) {
      const headers = { host: `localhost:${port}`, ...marks }
      t.equal(await ask(method, path, headers), 403, `${method} ${path} ${JSON.stringify(marks)}`)
    }
  }
  await database.round.settled()
  t.equal(database.collectors.list[0]?.runs.length, 1, 'nothing was collected')
  t.equal(app.paused, undefined, 'nothing was paused')
  t.equal(app.reloads.last, last, 'nothing was read again')
})

t.test('a link on another site leads to a link of our own', async (t) => {
  const { port } = await start(t)
  const sent = request({
    port,
    path: '/debug/pprof/profile',
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  }).end()
  const [response] = await once(sent, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  t.match(body, '<a href="/debug">')
  t.match(response.headers, { 'content-security-policy': /frame-ancestors 'none'/ })
})

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0'

t.test('over http to another host, a password that the browser keeps is not enough', async (t) => {
  const { ask, database } = await start(t, { DEBUG_TOKEN: 'open-sesame-open-sesame' })
  const authorization = `Basic ${Buffer.from('me:open-sesame-open-sesame').toString('base64')}`
  const kept = { host: 'debug.example:6063', 'user-agent': FIREFOX, authorization }
  const evil = 'http://evil.example'
  t.equal(await ask('POST', '/debug/collect', { ...kept, origin: evil }), 403, 'a form')
  t.equal(await ask('POST', '/debug/collect', { ...kept, origin: 'null' }), 403, 'a form in a sandbox')
  for (const path of ['/debug/pprof/profile?seconds=1', '/debug/pprof/heap?seconds=1', '/debug/live']) {
    t.equal(await ask('GET', path, kept), 403, `${path} as an image`)
    t.equal(await ask('GET', path, { ...kept, referer: `${evil}/debug.example:6063/` }), 403, path)
  }
  await database.round.settled()
  t.equal(database.collectors.list[0]?.runs.length, 1, 'nothing was collected')

  t.equal(await ask('GET', '/debug', kept), 200, 'an address that was typed')
  const referer = 'http://debug.example:6063/debug'
  t.equal(await ask('GET', '/debug/live', { ...kept, referer }), 200, 'the page itself')
  const form = { ...kept, origin: 'http://debug.example:6063' }
  t.equal(await ask('POST', '/debug/collect', form), 202, 'its form')
})

t.test('the page itself, an address that was typed and other clients are answered', async (t) => {
  const { ask, database, port } = await start(t)
  const host = `localhost:${port}`
  const users: readonly Headers[] = [
    { host, 'user-agent': FIREFOX, 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    { host, 'user-agent': FIREFOX, 'sec-fetch-site': 'same-origin', origin: `http://${host}` },
    { host, 'user-agent': FIREFOX, 'sec-fetch-site': 'same-origin' },
    { host, 'user-agent': 'curl/8.14.1' },
    { host: `127.0.0.1:${port}`, 'user-agent': 'Go-http-client/1.1' },
    { host: `[::1]:${port}` },
    { host: 'LOCALHOST' },
  ]
  for (const headers of users) {
    for (const path of ['/debug', '/debug/live', '/debug/collectors']) {
      t.equal(await ask('GET', path, headers), 200, `${path} ${JSON.stringify(headers)}`)
    }
    const profile = await ask('GET', '/debug/pprof/profile?seconds=0', headers)
    t.equal(profile, 400, 'a profile would be taken, of at least a second')
    t.equal(await ask('POST', '/debug/collect', headers), 202, JSON.stringify(headers))
    await database.round.settled()
  }
})

t.test('without a token, only a name of this machine is answered', async (t) => {
  const { ask } = await start(t)
  for (const host of [
    'evil.example',
    '[::1].evil.com',
    'localhost:x.evil.com',
    'localhost.evil.com',
    'evil.com@localhost',
    'localhost@evil.com',
    'localhost/evil.com',
    'evil.com#localhost',
    '127.999.999.999',
    '127.0.0.1.evil.com',
    '127.evil.com',
    '128.0.0.1',
    '[::2]',
    '[::ffff:8.8.8.8]',
    'localhost:99999',
    'localhost localhost',
  ]) {
    t.equal(await ask('GET', '/debug', { host }), 403, host)
  }
})
