import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http, { type RequestListener } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../../../demo/port.ts'
import { health } from '../../../src/cli/health.ts'
import { defineCollector, gauge } from '../../../src/collector.ts'
import type { Environment } from '../../../src/config/read.ts'
import { certificate } from '../../certificate.ts'
import { createDatabase } from '../../database.ts'
import { TestIo } from '../../io.ts'
import { lacks } from '../../program.ts'
import { startService } from '../../service.ts'

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

/** Asks with these variables and no others: the exit code, and what was written. */
async function ask(environment: Environment, args: readonly string[] = []) {
  const io = new TestIo()
  const code = await health(args, io, environment)
  return { code, stdout: io.stdout.text, stderr: io.stderr.text }
}

/** Lets a server listen at a free port of this address until the test ends. */
async function listen(t: Test, server: net.Server, host: string): Promise<string> {
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return String((server.address() as AddressInfo).port)
}

/** Answers every request with this status. */
const answer =
  (status: number): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end()

t.test('a service that listens on all addresses is healthy, whatever the database does', async (t) => {
  const url = `postgres://me:hush@127.0.0.1:${await freePort()}/db`
  const { app } = await startService(t, { DATABASE_URL: url, METRICS_TOKEN: 'hush' }, { start: false })
  await app.listen({ host: '0.0.0.0', port: 0 })
  const PORT = String((app.server.address() as AddressInfo).port)
  const healthy = { code: 0, stdout: `http://127.0.0.1:${PORT}/healthz is healthy\n`, stderr: '' }
  t.same(await ask({ PORT }), healthy, 'by the default of HOST')
  t.same(await ask({ PORT, HOST: '0.0.0.0', TLS_CERT_FILE: '' }), healthy)
})

t.test('any other answer is not healthy', async (t) => {
  const PORT = await listen(t, http.createServer(answer(503)), '127.0.0.1')
  t.same(await ask({ PORT, HOST: '127.0.0.1' }), {
    code: 1,
    stdout: '',
    stderr: `http://127.0.0.1:${PORT}/healthz is not healthy: the answer is 503\n`,
  })
})

t.test('a port that nobody listens on is not healthy', async (t) => {
  const PORT = String(await freePort())
  const { code, stderr } = await ask({ PORT })
  t.match(stderr, `connect ECONNREFUSED 127.0.0.1:${PORT}`)
  t.equal(code, 1)
})

t.test('a port that is no number is told', async (t) => {
  const { code, stderr } = await ask({ PORT: 'http' })
  t.match(stderr, /not healthy: .*'http'/)
  t.equal(code, 1)
})

t.test(
  'with TLS_CERT_FILE it asks over TLS and does not verify the certificate',
  {
    skip: lacks('openssl', 'openssl'),
  },
  async (t) => {
    const { key, cert } = certificate(t.testdir({}), 'other', 'DNS:other.example')
    const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer(200))
    const PORT = await listen(t, server, '127.0.0.1')
    const { code, stdout } = await ask({ PORT, TLS_CERT_FILE: cert })
    t.equal(stdout, `https://127.0.0.1:${PORT}/healthz is healthy\n`)
    t.equal(code, 0)
  },
)

t.test('a service that listens on :: is asked at ::1', async (t) => {
  const PORT = await listen(t, http.createServer(answer(200)), '::1')
  const { code, stdout } = await ask({ PORT, HOST: '::' })
  t.equal(stdout, `http://[::1]:${PORT}/healthz is healthy\n`)
  t.equal(code, 0)
})

t.test('a service that takes the connection and does not answer is given up', async (t) => {
  const sockets = new Set<net.Socket>()
  const PORT = await listen(
    t,
    net.createServer((socket) => sockets.add(socket)),
    '127.0.0.1',
  )
  const { code, stderr } = await ask({ PORT })
  t.match(stderr, 'no answer within 4s')
  t.equal(code, 1)
  for (const socket of sockets) socket.destroy()
})

t.test('with --ready it prints why the service is not, with the token of the debug listener', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const DEBUG_PORT = String(await freePort())
  const DEBUG_TOKEN_FILE = join(t.testdir({ token: 'open-sesame-open-sesame' }), 'token')
  await startService(t, { DATABASE_URL: url, DEBUG_PORT, DEBUG_TOKEN_FILE }, { collectors: [one, bad] })
  const place = `http://127.0.0.1:${DEBUG_PORT}/readyz`
  const { code, stdout, stderr } = await ask({ DEBUG_PORT, DEBUG_TOKEN_FILE }, ['--ready'])
  t.same({ code, stdout }, { code: 1, stdout: '' })
  t.ok(
    stderr.startsWith(`${place} is not ready: collector bad has not succeeded yet: division by zero (`),
    stderr,
  )
  t.same(await ask({ DEBUG_PORT }, ['--ready']), {
    code: 1,
    stdout: '',
    stderr: `${place} is not ready: a token is required\n`,
  })
})
