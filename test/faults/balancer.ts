import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

/**
 * An address that leads each new connection to the port that is `next`, as a service in front of several servers, a virtual
 * address or a record of DNS does: connections that were made stay where they are. Resolves to its own port.
 */
export async function startBalancer(t: Test, next: () => number): Promise<number> {
  const sockets = new Set<Socket>()
  const balancer = net.createServer((client) => {
    const server = net.connect(next(), '127.0.0.1')
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => sockets.delete(from))
      from.pipe(to)
    }
  })
  balancer.listen(0, '127.0.0.1')
  await once(balancer, 'listening')
  t.teardown(() => {
    balancer.close()
    for (const socket of sockets) socket.destroy()
  })
  return (balancer.address() as AddressInfo).port
}
