import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request as ask, type RequestOptions } from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { defineCollector, gauge } from '../../src/collector.ts'
import { certificate } from '../certificate.ts'
import { createDatabase } from '../database.ts'
import { lacks } from '../program.ts'
import { startService } from '../service.ts'

// Somebody who reaches a listener, and has no credentials.

const one = defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_one`,
})

t.test('refused requests leave no line in the log', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { app, log } = await startService(
    t,
    { DATABASE_URL: url, METRICS_TOKEN: 'hush-hush-hush' },
    { collectors: [one] },
  )
  const lines = log.length
  for (let i = 0; i < 50; i++) t.equal((await app.inject('/nowhere')).statusCode, 401)
  t.equal(log.length, lines)
})

for (const [what, request] of [
  ['half of the headers', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: '],
  [
    'no body where one is announced',
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n',
  ],
] as const) {
  for (const listener of ['metrics', 'debug'] as const) {
    t.test(`a request with ${what} on the ${listener} listener does not hold up a stop`, async (t) => {
      const { url } = await createDatabase(t, { schema: false })
      const debug = await freePort()
      const { app } = await startService(
        t,
        { DATABASE_URL: url, DEBUG_PORT: String(debug) },
        { collectors: [one] },
      )
      await app.listen({ host: '127.0.0.1', port: 0 })
      const port = listener === 'debug' ? debug : (app.server.address() as AddressInfo).port
      const socket = net.connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.on('error', () => {}).resume()
      socket.write(request)
      // The server has read what came before the answer to this.
      const other = await fetch(`http://127.0.0.1:${port}/${listener === 'debug' ? 'debug' : 'healthz'}`)
      await other.arrayBuffer()
      const closed = once(socket, 'close')
      await Promise.all([app.close(), closed])
      t.pass('it has stopped')
    })
  }
}

t.test('a page asks no browser for TLS on other ports of its host', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { app } = await startService(t, { DATABASE_URL: url }, { collectors: [one] })
  t.notOk((await app.inject('/')).headers['strict-transport-security'])
})

t.test('a field that is sent twice is no error', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const debug = await freePort()
  await startService(t, { DATABASE_URL: url, DEBUG_PORT: String(debug) }, { collectors: [one] })
  const response = await fetch(`http://127.0.0.1:${debug}/debug/collectors/one?search=a&search=b`)
  t.equal(response.status, 200)
  await response.arrayBuffer()
})

/** A service that listens, and the port of its metrics listener. */
async function listen(t: Test, env: Readonly<Record<string, string>> = {}, host = '127.0.0.1') {
  const { url, sql } = await createDatabase(t, { schema: false })
  const service = await startService(t, { DATABASE_URL: url, ...env }, { collectors: [one] })
  await service.app.listen({ host, port: 0 })
  return { ...service, sql, port: (service.app.server.address() as AddressInfo).port }
}

/** Resolves when a connection is closed, in whatever way. */
const closeOf = (socket: Socket) => new Promise<unknown>((resolve) => socket.once('close', resolve))

const GET = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'

for (const [what, pieces] of [
  ['in one segment', [GET.repeat(5)]],
  ['cut in the middle of a blank line', [`${GET.slice(0, -1)}`, `\n${GET}${GET}`]],
] as const) {
  t.test(`of requests that do not wait for answers, ${what}, one is handled at most`, async (t) => {
    const { port, app } = await listen(t)
    let handled = 0
    app.server.on('request', ({ headers }) => {
      if (headers.host === 'localhost') handled++
    })
    const socket = net.connect(port, '127.0.0.1').setNoDelay()
    socket.on('error', () => {})
    const closed = closeOf(socket)
    let answers = ''
    socket.on('data', (data) => (answers += data))
    for (const piece of pieces) {
      socket.write(piece)
      // What was sent before has been read when this is answered.
      await (await fetch(`http://127.0.0.1:${port}/healthz`)).arrayBuffer()
    }
    await closed
    t.ok(answers.split('200 OK').length <= 2, answers)
    t.ok(handled <= 2, `${handled} were read`)
  })
}

t.test('the first of many requests is answered, and the connection ends with that', async (t) => {
  const { port } = await listen(t)
  const socket = net.connect(port, '127.0.0.1')
  socket.write(GET.repeat(5))
  const answers = await text(socket)
  t.equal(answers.split('HTTP/1.1 200 OK').length, 2)
  t.match(answers.toLowerCase(), 'connection: close')
})

t.test('a connection ends after a hundred requests', async (t) => {
  const { port } = await listen(t)
  const socket: Socket = net.connect(port, '127.0.0.1')
  let answers = 0
  socket.on('data', (data) => {
    answers += String(data).split('HTTP/1.1 200 OK').length - 1
    socket.write(GET)
  })
  socket.on('error', () => {})
  socket.write(GET)
  await closeOf(socket)
  t.equal(answers, 100)
})

t.test('a host name with two addresses gets one listener, with the limits', async (t) => {
  const { port } = await listen(t, {}, 'localhost')
  const answers = await Promise.all(
    ['127.0.0.1', '::1'].map((host) => {
      const socket = net.connect(port, host)
      socket.write(GET.repeat(5))
      return text(socket).catch(() => '')
    }),
  )
  t.equal(answers.join('').split('HTTP/1.1 200 OK').length, 2, 'there is one, and it answers one request')
})

t.test(
  '/readyz tells a stranger the collectors that are not ready, and nothing that a row has',
  async (t) => {
    const METRICS_TOKEN = 'open-sesame-open-sesame'
    const { url } = await createDatabase(t, { schema: false })
    const cast = defineCollector({
      name: 'cast',
      metrics: { business_cast: gauge('A cast.') },
      query: (sql) => sql`SELECT ('jane.doe@' || 'example.com')::int AS business_cast`,
    })
    for (const env of [{ DATABASE_URL: url }, { DATABASE_URL: url, METRICS_TOKEN }]) {
      const { app } = await startService(t, env, { collectors: [one, cast] })
      for (const authorization of ['', 'Bearer wrong', `Basic ${METRICS_TOKEN}`]) {
        const response = await app.inject({ url: '/readyz', headers: { authorization } })
        t.equal(response.statusCode, 503)
        t.same(response.json(), { ready: false, collectors: ['cast'] })
        t.notOk(response.headers['www-authenticate'])
      }
    }
  },
)

t.test('/readyz tells a stranger no name of a host, a user or a database', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { hostname } = new URL(url)
  const { app } = await startService(
    t,
    { DATABASE_URL: `eu=${url} us=postgres://me:hush@${hostname}:1/secret` },
    { collectors: [one], start: false },
  )
  t.same((await app.inject('/readyz')).json(), { ready: false, collectors: ['one'] })
})

const SKIP = { skip: lacks('openssl', 'openssl') }

/** Files of a service with TLS for clients with certificates, and two authorities of such. */
function certificates(t: Test) {
  const folder = t.testdir({})
  for (const name of ['ours', 'theirs']) certificate(folder, name, `DNS:${name}`)
  const server = certificate(folder, 'server', 'IP:127.0.0.1', 'ours')
  const client = certificate(folder, 'client', 'DNS:client', 'theirs')
  const authorities = join(folder, 'authorities.crt')
  const trust = (...names: string[]) =>
    writeFileSync(authorities, names.map((name) => readFileSync(join(folder, `${name}.crt`))).join(''))
  trust('ours', 'theirs')
  const env = { TLS_CERT_FILE: server.cert, TLS_KEY_FILE: server.key, TLS_CLIENT_CA_FILE: authorities }
  return { env, trust, client: { key: readFileSync(client.key), cert: readFileSync(client.cert) } }
}

t.test('a connection does not outlive the authority of its client', SKIP, async (t) => {
  const { env, trust, client } = certificates(t)
  const { port, log } = await listen(t, env)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const status = async () => {
    const options: RequestOptions = { ...client, agent, rejectUnauthorized: false }
    const [response] = await once(
      ask({ host: '127.0.0.1', port, path: '/metrics', ...options }).end(),
      'response',
    )
    await text(response)
    return response.statusCode
  }
  t.equal(await status(), 200)
  const kept = Object.values(agent.freeSockets)[0]?.[0] ?? t.fail('the connection was not kept')
  const closed = kept instanceof tls.TLSSocket ? once(kept, 'close') : undefined
  trust('ours')
  await closed
  t.equal(await status(), 403)
  t.ok(log.some(({ msg }) => msg === 'TLS certificate reloaded'))
})

t.test('TLS has no cipher without forward secrecy, and none with CBC', SKIP, async (t) => {
  const { env } = certificates(t)
  const { port } = await listen(t, env)
  const offer = (options: tls.ConnectionOptions) =>
    new Promise<string>((resolve) => {
      const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
      socket.on('secureConnect', () => resolve(`${socket.getProtocol()} ${socket.getCipher().name}`))
      socket.on('error', () => resolve('refused'))
      t.teardown(() => socket.destroy())
    })
  for (const ciphers of [
    'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-ECDSA-AES256-SHA',
    'AES128-GCM-SHA256',
    'AES128-SHA',
  ]) {
    t.equal(await offer({ ciphers, maxVersion: 'TLSv1.2' }), 'refused', ciphers)
  }
  t.equal(await offer({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }), 'refused')
  t.match(await offer({ maxVersion: 'TLSv1.2' }), /^TLSv1\.2 ECDHE-ECDSA-.*GCM/)
  t.match(await offer({}), /^TLSv1\.3 /)
})

t.test('a handshake that never ends does not hold up a stop', SKIP, async (t) => {
  const { env } = certificates(t)
  const { app, port } = await listen(t, env)
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  await once(socket, 'connect')
  socket.write('\x16\x03\x01\x02\x00\x01', 'latin1')
  const closed = closeOf(socket)
  await Promise.all([app.close(), closed])
  t.pass('it has stopped')
})
