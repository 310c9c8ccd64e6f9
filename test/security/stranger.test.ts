import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t from 'tap'
import { freePort } from '../../demo/port.ts'
import { defineCollector, gauge } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
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
