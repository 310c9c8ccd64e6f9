import { once } from 'node:events'
import net from 'node:net'
import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'
import { secure } from './secure.ts'

/**
 * Connects to an endpoint, with encryption as `sslmode` asks. `onSocket` is told of each socket as soon as there is one:
 * the plain one, then the encrypted one over it.
 */
export async function openSocket(
  { host, port }: Endpoint,
  url: DatabaseUrl,
  onSocket: (socket: net.Socket) => void,
): Promise<net.Socket> {
  const local = host.startsWith('/')
  const plain = local ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect({ host, port })
  onSocket(plain)
  await once(plain, 'connect')
  const socket = local ? plain : await secure(plain, host, url)
  if (socket !== plain) onSocket(socket)
  // The client reads as many chunks as the kernel has, and so would hold the event loop during a large result.
  socket.on('data', () => {
    socket.pause()
    setImmediate(() => socket.resume())
  })
  // The client names the two in the errors of a connection.
  return Object.assign(socket, { host, port })
}
