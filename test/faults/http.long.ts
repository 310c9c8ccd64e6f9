import { once } from 'node:events'
import { Agent, request } from 'node:http'
import net, { type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import t, { type Test } from 'tap'
import { createDatabase } from '../database.ts'
import { type ServiceProcess, spawnService } from '../process.ts'
import { moreRounds, rounds, scrape, until } from '../scrape.ts'
import { serveFolder, unharmed } from './process.ts'
import { scrapeOn, served } from './scraper.ts'

/** A service with a page of more than a megabyte, which changes every second. */
async function serveLarge(t: Test): Promise<ServiceProcess> {
  const { url } = await createDatabase(t, { schema: false })
  const service = await serveFolder(t, 'flood', {
    DATABASE_URL: url,
    METRICS_TICK_DURATION: '1s',
    COLLECTOR_MAX_SERIES: '20000',
    COLLECTORS: 'steady,large',
  })
  await until(service, (samples) => rounds(samples) >= 1)
  return service
}

/** A connection on which nothing is read before the test does; whatever ends it is no error. */
async function dial(t: Test, { url }: ServiceProcess): Promise<Socket> {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket
}

const dialMany = (t: Test, service: ServiceProcess, count: number) =>
  Promise.all(Array.from({ length: count }, () => dial(t, service)))

/** The status of the answer to what was sent; 0 when the connection was closed without one. */
async function answer(socket: Socket): Promise<number> {
  let given = ''
  const closed = once(socket, 'close').catch(() => {})
  socket.on('data', (chunk) => (given += chunk))
  const more = () => once(socket, 'data').catch(() => {})
  while (!given.includes('\r\n') && !socket.destroyed) await Promise.race([more(), closed])
  return Number(/^HTTP\/1\.1 (\d+)/.exec(given)?.[1] ?? 0)
}

const GET = 'GET /metrics HTTP/1.1\r\nHost: metrics\r\n\r\n'

await t.test('200 scrapers at once are each served the whole page, again and again', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const service = await serveFolder(t, 'flood', {
    DATABASE_URL: url,
    METRICS_TICK_DURATION: '1s',
    COLLECTORS: 'steady,wide',
  })
  await until(service, (samples) => rounds(samples) >= 1)
  const end = await scrapeOn(t, service)
  const agent = new Agent({ keepAlive: true, maxSockets: 200 })
  t.teardown(() => agent.destroy())
  let over = false
  let answers = 0
  const problems: string[] = []
  const scrapeAgain = async () => {
    while (!over) {
      const [response] = await once(request(`${service.url}/metrics`, { agent }).end(), 'response')
      const body = await text(response)
      answers++
      if (response.statusCode !== 200 || !body.includes('\nbusiness_wide_999 999\n'))
        problems.push(`${response.statusCode}, ${body.length} characters`)
    }
  }
  const scrapers = Array.from({ length: 200 }, scrapeAgain)
  await moreRounds(service, 4)
  over = true
  await Promise.all(scrapers)
  t.same(problems, [])
  t.ok(answers > 400, `${answers} answers`)
  served(t, await end())
  unharmed(t, service)
  const samples = await scrape(service)
  t.equal(rounds(samples, 'failure'), 0)
})

// One for all that follows: what befalls it adds up.
const service = await serveLarge(t)

t.test('scrapers that never read cost a good one nothing, and little memory', async (t) => {
  const end = await scrapeOn(t, service)
  // Some at each page, so that none of the pages could be let go of as long as one of them waits.
  for (let page = 0; page < 5; page++) {
    const sockets = await dialMany(t, service, 20)
    for (const socket of sockets) socket.write(GET.repeat(3))
    await moreRounds(service, 1)
  }
  served(t, await end())
  unharmed(t, service)
})

t.test('requests that never finish their headers cost a good one nothing', async (t) => {
  const end = await scrapeOn(t, service)
  const sockets = await dialMany(t, service, 300)
  for (const socket of sockets) socket.write('GET /metrics HTTP/1.1\r\nHost: metrics\r\nX-Slow: ')
  const trickle = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write('x')
  }, 200)
  t.teardown(() => clearInterval(trickle))
  await moreRounds(service, 3)
  served(t, await end())
  unharmed(t, service)
})

t.test('a body on a GET is not kept, however long it is', async (t) => {
  const end = await scrapeOn(t, service)
  const chunk = Buffer.alloc(65_536, 'x')
  for (const [header, sent] of [
    [`Content-Length: ${2 ** 40}`, chunk],
    ['Transfer-Encoding: chunked', Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')])],
  ] as const) {
    const socket = await dial(t, service)
    socket.write(`GET /metrics HTTP/1.1\r\nHost: metrics\r\n${header}\r\n\r\n`)
    const status = answer(socket)
    // 256 MB are sent, unless the service has had enough before that.
    const body = Readable.from(Array.from({ length: 4096 }, () => sent))
    await pipeline(body, socket).catch(() => {})
    t.ok([0, 200, 400, 413].includes(await status), `${header}: ${await status}`)
  }
  const whole = request(`${service.url}/metrics`, { agent: false, headers: { 'content-length': 4 } })
  whole.end('body')
  const [response] = await once(whole, 'response')
  t.match(await text(response), /\nbusiness_steady 7\n/, 'a short one is answered')
  served(t, await end())
  unharmed(t, service)
})

t.test('paths and headers of 100 KB are refused', async (t) => {
  const end = await scrapeOn(t, service)
  const long = 'x'.repeat(100_000)
  for (const asked of [
    `GET /${long} HTTP/1.1\r\nHost: metrics\r\n\r\n`,
    `GET /metrics?${long} HTTP/1.1\r\nHost: metrics\r\n\r\n`,
    `GET /metrics HTTP/1.1\r\nHost: metrics\r\nX-Long: ${long}\r\n\r\n`,
    `GET /metrics HTTP/1.1\r\nHost: metrics\r\n${'X-Short: x\r\n'.repeat(10_000)}\r\n`,
    `${long} /metrics HTTP/1.1\r\nHost: metrics\r\n\r\n`,
  ]) {
    for (let times = 0; times < 20; times++) {
      const socket = await dial(t, service)
      socket.write(asked)
      const status = await answer(socket)
      socket.destroy()
      if (![0, 400, 414, 431].includes(status)) t.fail(`${asked.slice(0, 60)}… is answered with ${status}`)
    }
  }
  served(t, await end(), { least: 4 })
  unharmed(t, service)
  t.ok(service.output().length < 100_000, `${service.output().length} characters were logged`)
})

t.test('paths that there are not are answered with 404, and make no series of their own', async (t) => {
  const series = async () =>
    [...(await scrape(service)).keys()].filter((name) => name.startsWith('http_')).length
  await fetch(`${service.url}/nothing`)
  await moreRounds(service, 1)
  const before = await series()
  for (let i = 0; i < 300; i++) {
    const response = await fetch(`${service.url}/nothing-${i}/${'x'.repeat(i)}?${i}`)
    await response.body?.cancel()
    if (response.status !== 404) t.fail(`it is answered with ${response.status}`)
  }
  await moreRounds(service, 2)
  t.equal(await series(), before)
})

t.test('of pipelined requests the first is answered, and the connection ends with that', async (t) => {
  const end = await scrapeOn(t, service)
  const socket = await dial(t, service)
  socket.write(`GET /healthz HTTP/1.1\r\nHost: metrics\r\n\r\n${GET}`.repeat(50))
  const given = await text(socket)
  const types = [...given.matchAll(/^content-type: ([a-z/]+)/gm)].map(([, type]) => type)
  t.same(types, ['application/json'])
  t.match(given, /^connection: close/im)
  served(t, await end(), { least: 1 })
  unharmed(t, service)
})

t.test('a port that another instance has is an error, and the other serves on', async (t) => {
  const end = await scrapeOn(t, service)
  const { url } = await createDatabase(t, { schema: false })
  const { port } = new URL(service.url)
  const second = await spawnService(t, { DATABASE_URL: url, PORT: port })
  t.equal(await second.exit, 1)
  t.match(second.output(), new RegExp(`address already in use 127.0.0.1:${port}`))
  await moreRounds(service, 1)
  served(t, await end())
  unharmed(t, service)
})
