import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { certificate } from '../certificate.ts'
import { samplesOf } from '../exposition.ts'
import { NODE, peakMemory } from '../faults/process.ts'
import { poll } from '../poll.ts'
import { spawnService } from '../process.ts'
import { lacks } from '../program.ts'

// Somebody who opens as many connections as he can, and sends as much as is taken.

/** Bytes that the service may ever hold: the limit of its container is 384 MB. */
const MOST_MEMORY = 300 * 2 ** 20
/** Milliseconds after which a probe gives up. */
const PATIENCE = 3000

interface Target {
  readonly name: 'metrics' | 'TLS' | 'debug'
  readonly port: number
  /** More connections than it takes. */
  readonly connections: number
  /** A path that is answered by 200. */
  readonly path: string
}

/** What is sent on each connection, after the handshake of TLS unless that is not made. */
interface Flood {
  readonly name: string
  readonly send: (target: Target) => string
  readonly raw?: boolean
  /** Of the connections that are too many. */
  readonly share?: number
}

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`

const FLOODS: readonly Flood[] = [
  { name: 'requests upon requests', send: ({ path }) => get(path).repeat(1500), share: 0.1 },
  { name: 'requests upon requests for nothing', send: () => get('/nowhere').repeat(1500), share: 0.1 },
  { name: 'requests without a host', send: () => 'GET / HTTP/1.1\r\n\r\n'.repeat(3000), share: 0.1 },
  { name: 'requests that expect', send: () => get('/', 'Expect: much\r\n').repeat(1200), share: 0.1 },
  { name: 'blank lines', send: () => '\r\n'.repeat(32_000), share: 0.1 },
  {
    name: 'a body of blank lines',
    send: ({ path }) => get(path, 'Content-Length: 1000000\r\n') + '\r\n\r\nx'.repeat(12_000),
    share: 0.1,
  },
  { name: 'one request, and nothing more', send: ({ path }) => get(path) },
  { name: 'half of a head', send: () => 'GET / HTTP/1.1\r\nHost: localhost\r\nX: ' },
  {
    name: 'a body that never comes',
    send: () => 'POST /debug/collect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n',
  },
  { name: 'nothing', send: () => '', raw: true },
  { name: 'half of a handshake', send: () => '\x16\x03\x01\x02\x00\x01', raw: true },
]

/** Starts the service, with TLS if there is a certificate; its database is not there, which is of no matter here. */
async function start(t: Test, pair?: { key: string; cert: string }) {
  const debug = await freePort()
  const service = await spawnService(
    t,
    {
      DATABASE_URL: `postgres://me:hush@127.0.0.1:${await freePort()}/db`,
      DEBUG_PORT: String(debug),
      ...(pair === undefined ? {} : { TLS_CERT_FILE: pair.cert, TLS_KEY_FILE: pair.key }),
    },
    { command: [...NODE, 'src/server.ts'] },
  )
  await service.said('metrics on ')
  const port = Number(/metrics on https?:\/\/127\.0\.0\.1:(\d+)/.exec(service.output())?.[1])
  return { child: service.child, output: service.output, port, debug }
}

/** Asks once, on a connection of its own. Rejects when there is no answer in time. */
async function ask({ name, port, path }: Target): Promise<{ status: number | undefined; body: string }> {
  const { get } = name === 'TLS' ? https : http
  const signal = AbortSignal.timeout(PATIENCE)
  const request = get({ host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false, signal })
  const [response] = await once(request, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode, body }
}

/** Opens a connection, sends on it, and reads nothing. What becomes of it is of no matter. */
async function flood(target: Target, { send, raw = false }: Flood): Promise<Socket> {
  const { port } = target
  const encrypted = target.name === 'TLS' && !raw
  const socket = encrypted
    ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    : net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await Promise.race([once(socket, encrypted ? 'secureConnect' : 'connect'), once(socket, 'close')]).catch(
    () => {},
  )
  socket.pause()
  const text = send(target)
  if (text !== '' && !socket.destroyed) socket.write(text, 'latin1')
  return socket
}

const descriptors = (pid: number | undefined) => readdirSync(`/proc/${pid}/fd`).length

async function attack(
  t: Test,
  service: Awaited<ReturnType<typeof start>>,
  target: Target,
  floods = FLOODS,
): Promise<void> {
  const onLinux = process.platform === 'linux'
  await ask(target)
  const before = onLinux ? descriptors(service.child.pid) : 0
  for (const what of floods) {
    await t.test(`${what.name} on the listener for ${target.name}`, async (t) => {
      const logged = service.output().length
      const count = Math.ceil(target.connections * (what.share ?? 1))
      const sockets = await Promise.all(Array.from({ length: count }, () => flood(target, what)))
      for (let i = 0; i < 3; i++) t.equal((await ask(target)).status, 200, 'a probe is answered')
      for (const socket of sockets) socket.destroy()
      if (onLinux)
        await poll(
          () => descriptors(service.child.pid),
          (open) => open <= before + 2,
        )
      t.ok(service.output().length < logged + 5000, 'it leaves no line in the log for each')
      const peak = peakMemory(service.child.pid)
      t.ok(peak < MOST_MEMORY, `its peak of memory was ${Math.round(peak / 2 ** 20)} MB`)
    })
  }
}

await t.test('floods of the plain listeners', async (t) => {
  const service = await start(t)
  const metrics: Target = { name: 'metrics', port: service.port, connections: 1050, path: '/healthz' }
  await attack(t, service, metrics)
  await attack(t, service, {
    name: 'debug',
    port: service.debug,
    connections: 120,
    path: '/debug/collectors',
  })
  const samples = samplesOf((await ask({ ...metrics, path: '/metrics' })).body)
  for (const [listener, reason] of [
    ['metrics', 'pipelined'],
    ['metrics', 'connections'],
    ['metrics', 'malformed'],
    ['debug', 'pipelined'],
    ['debug', 'connections'],
  ]) {
    const count = samples.get(`http_refused_total{listener="${listener}",reason="${reason}"}`)
    t.ok(count !== undefined && count > 0, `${reason} on ${listener} is counted: ${count}`)
  }
})

await t.test('floods of the listener for TLS', { skip: lacks('openssl', 'openssl') }, async (t) => {
  const service = await start(t, certificate(t.testdir({}), 'server', 'IP:127.0.0.1'))
  const target: Target = { name: 'TLS', port: service.port, connections: 1050, path: '/healthz' }
  // What comes after the handshake is the same as without TLS.
  const floods = FLOODS.filter(({ name, raw }) => raw || /^requests upon requests$|^one request/.test(name))
  await attack(t, service, target, floods)
})
