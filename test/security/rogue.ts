import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A message of the protocol: its type, its content, and a length if that is not the true one. */
export function says(type: string, content: Buffer | string = '', length?: number): Buffer {
  const body = Buffer.from(content)
  const header = Buffer.alloc(5)
  header.write(type, 'latin1')
  header.writeUInt32BE(length ?? body.length + 4, 1)
  return Buffer.concat([header, body])
}

/** A request for authentication, by its number. */
export function asks(request: number, content: Buffer | string = ''): Buffer {
  const number = Buffer.alloc(4)
  number.writeUInt32BE(request)
  return says('R', Buffer.concat([number, Buffer.from(content)]))
}

/** Begins SCRAM. */
export const SCRAM = asks(10, 'SCRAM-SHA-256\0\0')
export const READY = says('Z', 'I')
/** Lets the client in. */
export const WELCOME = Buffer.concat([
  asks(0),
  says('S', 'client_encoding\0UTF8\0'),
  says('K', Buffer.alloc(8)),
  READY,
])

/** What a false server does with a connection. `received` is all that the client has sent on it so far. */
export interface Behaviour {
  /** Answers the start of a session. */
  start(socket: Socket): void
  /** Answers whatever comes after that. */
  next?(socket: Socket, received: Buffer): void
}

export interface Rogue {
  readonly url: string
  /** All that clients have sent. */
  readonly received: () => string
  /** Connections that are open. */
  readonly open: () => number
}

/** A server of the test's own that speaks as it is told. It has no TLS. */
export async function startRogue(t: Test, { start, next }: Behaviour): Promise<Rogue> {
  const sockets = new Set<Socket>()
  let all = ''
  const server = net.createServer((socket) => {
    let received = Buffer.alloc(0)
    let started = false
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (bytes) => {
      all += bytes.toString('latin1')
      if (bytes.length === 8 && bytes.readUInt32BE(4) === 80877103) socket.write('N')
      else if (!started) {
        started = true
        start(socket)
      } else {
        received = Buffer.concat([received, bytes])
        next?.(socket, received)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `postgres://metrics:s3cr3t@127.0.0.1:${port}/app`,
    received: () => all,
    open: () => sockets.size,
  }
}

/** Writes something again and again, as fast as it is read, until the connection is gone. */
export function flood(socket: Socket, bytes: Buffer): void {
  const write = () => {
    while (!socket.destroyed && socket.write(bytes));
    if (!socket.destroyed) socket.once('drain', write)
  }
  write()
}
