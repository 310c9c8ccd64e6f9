import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import type { ConnectionLimits } from '../../../plugins/access/connections.ts'
import { createListener } from '../../../plugins/access/listener.ts'

/** A listener with these limits: it has a page that is longer than what a socket takes, and one that never ends. */
async function listen(t: Test, limits: ConnectionLimits) {
  const { options, refusals } = createListener(limits)
  const app = Fastify(options)
  app.get('/long', async () => Buffer.alloc(20_000_000))
  app.get('/endless', () => {})
  app.get('/short', async () => 'short')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  t.teardown(() => app.close())
  const dial = async (path: string) => {
    const socket = net.connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    const asked = path === '' ? once(app.server, 'connection') : once(app.server, 'request')
    if (path !== '') socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await asked
    return socket
  }
  return { dial, refusals }
}

/** Resolves when a connection is closed, in whatever way. */
const closeOf = (socket: Socket) => new Promise<unknown>((resolve) => socket.once('close', resolve))

t.test('an answer that the client does not read in time is cut', async (t) => {
  const { dial, refusals } = await listen(t, { connections: 10, answer: 50 })
  const socket = await dial('/long')
  let read = 0
  socket.on('data', (data) => (read += data.length)).pause()
  // What was on its way is read after the cut.
  while (refusals.counts.get('timeout') === 0) await new Promise(setImmediate)
  const closed = closeOf(socket)
  socket.resume()
  await closed
  t.ok(read < 20_000_000, `${read} bytes`)
})

t.test('the connection that has waited the longest goes, and none that is being answered', async (t) => {
  const { dial, refusals } = await listen(t, { connections: 3 })
  const busy = await dial('/endless')
  const first = await dial('')
  const second = await dial('')
  const gone = closeOf(first)
  const third = await dial('/short')
  const [answer] = await once(third, 'data')
  t.match(String(answer), '200 OK')
  await gone
  t.same(
    [busy, second, third].map(({ destroyed }) => destroyed),
    [false, false, false],
  )
  t.equal(refusals.counts.get('connections'), 1)
})

t.test('when all are being answered, a further one is turned away', async (t) => {
  const { dial, refusals } = await listen(t, { connections: 2 })
  const busy = [await dial('/endless'), await dial('/endless')]
  await closeOf((await dial('')).resume())
  t.same(
    busy.map(({ destroyed }) => destroyed),
    [false, false],
  )
  t.equal(refusals.counts.get('connections'), 1)
})

t.test('one who does not read his answer goes after those who have not asked', async (t) => {
  const { dial } = await listen(t, { connections: 2 })
  const unread = (await dial('/long')).pause()
  const silent = await dial('')
  const gone = closeOf(silent)
  const busy = await dial('/endless')
  await gone
  const cut = closeOf(unread)
  await dial('/endless')
  unread.resume()
  await cut
  t.notOk(busy.destroyed)
})
