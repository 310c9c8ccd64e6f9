import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A TCP port of the test's own in front of a server, which can go down and come back. */
export class Gate {
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  #server = net.createServer()
  #port = 0
  /** How many connections were made to it. */
  connections = 0

  private constructor(target: URL) {
    this.#target = target
  }

  static async start(t: Test, url: string, { up = true } = {}): Promise<Gate> {
    const gate = new Gate(new URL(url))
    await gate.up()
    if (!up) await gate.down()
    t.teardown(() => gate.down())
    return gate
  }

  /** `host:port` of the gate. */
  get endpoint(): string {
    return `127.0.0.1:${this.#port}`
  }

  async up(): Promise<void> {
    this.#server = net.createServer((client) => this.#forward(client))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Refuses connections, and cuts those that there are. */
  async down(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #forward(client: Socket): void {
    this.connections++
    const server = net.connect(Number(this.#target.port), this.#target.hostname)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }
}

/** A URL that lists these gates in place of the host of `url`. */
export function urlOf(url: string, gates: readonly Gate[], options = ''): string {
  const { host } = new URL(url)
  return url.replace(host, gates.map(({ endpoint }) => endpoint).join(',')) + options
}
