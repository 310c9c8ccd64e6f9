import { once } from 'node:events'
import net from 'node:net'
import t, { type Test } from 'tap'
import { secure } from '../../plugins/db/secure.ts'
import { parseDatabaseUrl } from '../../src/config/database-url.ts'
import { describeError } from '../../src/finding.ts'

const SSL_REQUEST = 8

/** Connects to a server that answers the request for TLS with this, or hangs up. Resolves to what came of it. */
async function attack(t: Test, answer: string | undefined, options: string) {
  let received = 0
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (answer === undefined) socket.end()
      else socket.write(answer)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const plain = net.connect(address.port, '127.0.0.1')
  t.teardown(() => plain.destroy())
  await once(plain, 'connect')
  const url = parseDatabaseUrl(`postgres://u:hush@h/d?${options}`)
  let problem = ''
  try {
    await secure(plain, 'h', url, 'encrypted')
  } catch (error) {
    problem = describeError(error)
  }
  return { problem, received }
}

for (const options of ['sslrootcert=system', 'sslmode=require', 'sslmode=verify-full', 'sslmode=allow']) {
  t.test(`with ${options} a server without TLS gets no more than the request for it`, async (t) => {
    const { problem, received } = await attack(t, 'N', options)
    t.match(problem, /the server has no TLS, and sslmode=/)
    t.equal(received, SSL_REQUEST)
  })
}

for (const [what, answer] of [
  ['sends more before TLS begins', 'SR\0\0\0\b\0\0\0\0'],
  ['sends more than that it has none', 'NR\0\0\0\b\0\0\0\0'],
  ['answers with an error', 'Eout of memory\0'],
] as const) {
  t.test(`a server that ${what} is not believed`, async (t) => {
    const { problem, received } = await attack(t, answer, 'sslmode=prefer')
    t.match(problem, /answers the request for TLS with something else/)
    t.equal(received, SSL_REQUEST)
  })
}

t.test('a server that hangs up is not waited for', async (t) => {
  t.match(await attack(t, undefined, 'sslmode=prefer'), { problem: /closed the connection/ })
})
