import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { firstExpiry } from '../../plugins/access/pem.ts'
import { defineCollector, gauge } from '../../src/collector.ts'
import type { Environment } from '../../src/config/read.ts'
import { certificate } from '../certificate.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { lacks } from '../program.ts'
import { startService } from '../service.ts'

const one = defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_one`,
})

async function start(t: Test, env: Environment) {
  const { url } = await createDatabase(t, { schema: false })
  return startService(t, { DATABASE_URL: url, ...env }, { collectors: [one] })
}

t.test('with METRICS_TOKEN the page is for those who have it, and the probes are for all', async (t) => {
  const { app, log } = await start(t, { METRICS_TOKEN: 'open-sesame' })
  const ask = async (url: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization }
    return (await app.inject({ url, headers })).statusCode
  }
  for (const path of ['/metrics', '/']) {
    t.equal(await ask(path), 401)
    t.equal(await ask(path, 'Bearer open-sesam'), 401)
    t.equal(await ask(path, 'Basic open-sesame'), 401)
    t.equal(await ask(path, 'Bearer open-sesame'), 200)
  }
  for (const path of ['/healthz', '/readyz']) t.equal(await ask(path), 200)
  t.equal((await app.inject({ method: 'HEAD', url: '/metrics' })).statusCode, 401)
  t.equal(await ask('/nowhere'), 401, 'nor is it told what there is')
  t.notOk(JSON.stringify(log).includes('open-sesam'))
})

t.test('a 401 of the metrics listener says what it takes', async (t) => {
  const { app } = await start(t, { METRICS_TOKEN: 'open-sesame-open-sesame' })
  t.equal((await app.inject('/metrics')).headers['www-authenticate'], 'Bearer')
})

t.test('a token that can be guessed is told in the log, and a longer one is not', async (t) => {
  const { log } = await start(t, { METRICS_TOKEN: 'open-sesame', DEBUG_TOKEN: 'open-sesame-open-sesame' })
  const warnings = log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)
  t.same(warnings, ['METRICS_TOKEN has fewer than 16 characters: a short token can be guessed'])
})

t.test('what listeners refuse is counted by its reason', async (t) => {
  const debug = await freePort()
  const { app, scrape } = await start(t, { DEBUG_PORT: String(debug) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const counts = async () => {
    const counts = [...(await scrape())].filter(
      ([name, count]) => /^http_refused_total/.test(name) && count > 0,
    )
    return Object.fromEntries(counts)
  }
  t.same(await counts(), {})
  await (await fetch(`http://127.0.0.1:${port}/nowhere`)).arrayBuffer()
  const headers = { origin: 'http://evil.example' }
  await (await fetch(`http://127.0.0.1:${debug}/debug`, { headers })).arrayBuffer()
  await (await fetch(`http://127.0.0.1:${port}/readyz`)).arrayBuffer()
  t.same(await poll(counts, (counts) => Object.keys(counts).length > 1), {
    'http_refused_total{listener="metrics",reason="not_found"}': 1,
    'http_refused_total{listener="debug",reason="forbidden"}': 1,
  })
})

t.test('METRICS_TOKEN_FILE holds the token', async (t) => {
  const file = join(t.testdir({ token: 'from-a-file\n' }), 'token')
  const { app } = await start(t, { METRICS_TOKEN_FILE: file })
  const headers = { authorization: 'Bearer from-a-file' }
  t.equal((await app.inject({ url: '/metrics', headers })).statusCode, 200)
})

t.test('with DEBUG_TOKEN the debug listener is for those who have it', async (t) => {
  const port = await freePort()
  await start(t, { DEBUG_PORT: String(port), DEBUG_TOKEN: 'open-sesame' })
  const ask = async (headers: Record<string, string>) =>
    (await fetch(`http://127.0.0.1:${port}/debug/collectors`, { headers })).status
  t.equal(await ask({}), 401)
  t.equal(await ask({ authorization: 'Bearer open-sesame' }), 200)
})

t.test('a page for browsers carries headers that keep it from being misused', async (t) => {
  const { app } = await start(t, {})
  const { headers } = await app.inject('/')
  t.match(headers, {
    'content-security-policy':
      "default-src 'none';style-src 'unsafe-inline';img-src data:;base-uri 'none';form-action 'self';frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': /DENY|SAMEORIGIN/,
  })
})

interface Answer {
  readonly status: number | undefined
  /** The common name of the server's certificate. */
  readonly server: string | undefined
}

/** When the certificate of a file expires, in seconds since 1970, as openssl reads it. */
function expiryIn(file: string): number {
  const text = execFileSync('openssl', ['x509', '-enddate', '-noout', '-in', file], { encoding: 'utf8' })
  return Date.parse(text.replace('notAfter=', '')) / 1000
}

function ask(port: number, path: string, options: https.RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = https.get({ host: 'localhost', port, path, agent: false, ...options }, (response) => {
      const { CN } = (response.socket as TLSSocket).getPeerCertificate().subject
      response.resume().on('end', () => resolve({ status: response.statusCode, server: String(CN) }))
    })
    request.on('error', reject)
  })
}

t.test(
  'a renewed certificate for TLS is shown without a restart',
  { skip: lacks('openssl', 'openssl') },
  async (t) => {
    const folder = t.testdir({})
    certificate(folder, 'authority', 'DNS:authority')
    const first = certificate(folder, 'first', 'DNS:localhost', 'authority')
    const second = certificate(folder, 'second', 'DNS:localhost', 'authority', 'second', 3)
    const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
    const install = (from: { cert: string; key: string }) => {
      writeFileSync(cert, readFileSync(from.cert))
      writeFileSync(key, readFileSync(from.key))
    }
    install(first)
    const { app, scrape } = await start(t, { TLS_CERT_FILE: cert, TLS_KEY_FILE: key })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const expiry = async () =>
      (await scrape()).get('tls_certificate_expiry_timestamp_seconds{owner="listener"}')
    t.equal(await expiry(), expiryIn(first.cert))
    const ca = readFileSync(join(folder, 'authority.crt'))
    t.same(await ask(port, '/metrics', { ca }), { status: 200, server: 'first' })
    writeFileSync(cert, 'half a certificate')
    install(second)
    let answer = await ask(port, '/metrics', { ca })
    while (answer.server === 'first') answer = await ask(port, '/metrics', { ca })
    t.same(answer, { status: 200, server: 'second' })
    // A page is as old as a second.
    t.equal(await poll(expiry, (time) => time !== expiryIn(first.cert)), expiryIn(second.cert))
  },
)

t.test(
  'of a chain of certificates the first that expires counts',
  { skip: lacks('openssl', 'openssl') },
  async (t) => {
    const folder = t.testdir({})
    const own = certificate(folder, 'server', 'DNS:localhost')
    const issuer = certificate(folder, 'authority', 'DNS:authority')
    const chain = join(folder, 'chain.crt')
    const pem = [own.cert, issuer.cert].map((file) => readFileSync(file, 'utf8'))
    for (const order of [pem, pem.toReversed()]) {
      t.equal(firstExpiry(Buffer.from(order.join(''))), Math.min(expiryIn(own.cert), expiryIn(issuer.cert)))
    }
    writeFileSync(chain, pem.join(''))
    const { scrape } = await start(t, { TLS_CERT_FILE: chain, TLS_KEY_FILE: own.key })
    t.equal(
      (await scrape()).get('tls_certificate_expiry_timestamp_seconds{owner="listener"}'),
      Math.min(expiryIn(own.cert), expiryIn(issuer.cert)),
    )
  },
)

t.test(
  'with TLS_CLIENT_CA_FILE the page is for certified clients',
  { skip: lacks('openssl', 'openssl') },
  async (t) => {
    const folder = t.testdir({})
    certificate(folder, 'authority', 'DNS:authority')
    certificate(folder, 'stranger', 'DNS:stranger')
    const server = certificate(folder, 'server', 'DNS:localhost', 'authority')
    const pair = ({ cert, key }: { cert: string; key: string }) => ({
      cert: readFileSync(cert),
      key: readFileSync(key),
    })
    const friend = pair(certificate(folder, 'friend', 'DNS:friend', 'authority'))
    const foe = pair(certificate(folder, 'foe', 'DNS:foe', 'stranger'))
    const authority = join(folder, 'authority.crt')
    const { app } = await start(t, {
      TLS_CERT_FILE: server.cert,
      TLS_KEY_FILE: server.key,
      TLS_CLIENT_CA_FILE: authority,
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const ca = readFileSync(authority)
    const status = async (path: string, options: https.RequestOptions) =>
      (await ask(port, path, { ca, ...options })).status
    t.equal(await status('/metrics', friend), 200)
    t.equal(await status('/metrics', {}), 403)
    t.equal(await status('/metrics', foe), 403)
    t.equal(await status('/healthz', {}), 200)
  },
)
