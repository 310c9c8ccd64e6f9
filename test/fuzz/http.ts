import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { freePort } from '../../demo/port.ts'
import { buildApp } from '../../src/app.ts'
import { within } from '../../src/time/deadline.ts'
import { poll } from '../poll.ts'
import { mutated } from './mutation.ts'
import { fuzz } from './property.ts'

// What strangers send to the listeners: each answer is one that is documented, and both go on answering.

/** Milliseconds in which a listener is done with a connection whose other end is gone. */
const LONGEST = 5000
/** What a stranger may be answered with, whatever he sends. */
const DOCUMENTED = new Set(
  '100 101 200 204 302 303 304 400 401 403 404 405 406 408 409 411 413 414 415 417 421 429 431 501 503 505'.split(
    ' ',
  ),
)

const dir = mkdtempSync(join(tmpdir(), 'metrics-service-fuzz-'))
process.on('exit', () => rmSync(dir, { recursive: true }))
const debug = await freePort()
const app = await buildApp({
  env: {
    DATABASE_URL: 'postgres://metrics:s3cr3t@127.0.0.1:1/app',
    METRICS_TICK_DURATION: '24h',
    DEBUG_PORT: String(debug),
  },
  folder: dir,
  logger: false,
})
await app.listen({ host: '127.0.0.1', port: 0 })
const ports = [(app.server.address() as AddressInfo).port, debug]

const head = (port: number) => `Host: localhost:${port}\r\n`
const requests = [
  ...[
    '/metrics',
    '/healthz',
    '/readyz',
    '/',
    '/debug',
    '/debug/collectors/one?search=a',
    '/debug/live',
    '/%2e%2e/etc',
  ].map(
    (path) =>
      `GET ${path} HTTP/1.1\r\n${head(debug)}Accept: application/openmetrics-text;q=0.5\r\nAccept-Encoding: gzip\r\n\r\n`,
  ),
  `POST /debug/collect HTTP/1.1\r\n${head(debug)}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a": [1]}`,
  `HEAD /metrics HTTP/1.0\r\n${head(debug)}Connection: keep-alive\r\nAuthorization: Bearer abc\r\n\r\n`,
  `POST /metrics HTTP/1.1\r\n${head(debug)}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  `GET /metrics HTTP/1.1\r\n${head(debug)}Upgrade: websocket\r\nConnection: Upgrade\r\nOrigin: http://evil\r\nSec-Fetch-Site: cross-site\r\n\r\n`,
  `OPTIONS * HTTP/1.1\r\n${head(debug)}If-None-Match: "a"\r\nRange: bytes=0-1\r\nCookie: a=b\r\n\r\n`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
]
/** Not for profiles and rounds, which take their time, and begin with true words in a path. */
const slow = /profile|pprof|collect\b/

const visits = fc.record({
  listener: fc.nat({ max: 1 }),
  bytes: fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .array(mutated(requests, { most: 3 }), { minLength: 1, maxLength: 4 })
        .map((all) => all.join('')),
    },
    fc.string({ unit: 'binary', maxLength: 2000 }),
    fc.nat({ max: 40_000 }).map((n) => `GET /${'a'.repeat(n)} HTTP/1.1\r\nX: ${'b'.repeat(n)}\r\n\r\n`),
  ),
  pieces: fc.integer({ min: 1, max: 5 }),
  end: fc.constantFrom('end', 'reset', 'destroy'),
})
type Visit = typeof visits extends fc.Arbitrary<infer Value> ? Value : never

/** Sends what a visitor has to say, and resolves to the answers when the connection is over. */
async function visit({ listener, bytes, pieces, end }: Visit): Promise<string> {
  const socket = net.connect(ports[listener] ?? debug, '127.0.0.1')
  let answers = ''
  socket.on('error', () => {})
  socket.setEncoding('latin1').on('data', (text) => {
    answers += text
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await Promise.race([new Promise<void>((resolve) => socket.once('connect', resolve)), closed])
  const given = Buffer.from(bytes)
  const size = Math.ceil(given.length / pieces)
  for (let at = 0; at < given.length && !socket.destroyed; at += size) {
    socket.write(given.subarray(at, at + size))
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  if (end === 'reset') socket.resetAndDestroy()
  else if (end === 'destroy') socket.destroy()
  else {
    socket.end()
    // A stream of events, for one, has no end.
    const patience = setTimeout(() => socket.destroy(), 50)
    await closed
    clearTimeout(patience)
  }
  await closed
  return answers
}

const descriptors = () => readdirSync('/proc/self/fd').length
/** Whether both listeners answer somebody else. */
async function alive(): Promise<void> {
  for (const url of [`http://127.0.0.1:${ports[0]}/healthz`, `http://127.0.0.1:${debug}/debug`]) {
    const response = await fetch(url, { headers: { connection: 'close' } })
    await response.arrayBuffer()
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}`)
  }
}

await alive()
const before = descriptors()
await fuzz('http', fc.array(visits, { minLength: 1, maxLength: 4 }), async (several) => {
  const wanted = several.filter(({ bytes }) => !slow.test(bytes) || bytes.includes('POST'))
  for (const answers of await within(Promise.all(wanted.map(visit)), { ms: LONGEST })) {
    for (const [, status = ''] of answers.matchAll(/^HTTP\/1\.[01] (\d+) /gm)) {
      if (!DOCUMENTED.has(status)) throw new Error(`an answer is ${status}`)
    }
    if (/s3cr3t|node_modules|\n\s+at /.test(answers)) throw new Error('an answer tells what is inside')
  }
  await within(alive(), { ms: LONGEST })
})
await within(
  poll(descriptors, (count) => count <= before),
  { ms: LONGEST },
)
await app.close()
process.exit(0)
