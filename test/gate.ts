import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

/**
 * What a broken network does to a connection: `stall` holds back all that is sent, both ways; `half-close` ends what
 * the server sends and takes what the client does; `reset` cuts it; `trickle` lets a byte a second through, both ways.
 */
export const FAULTS = ['stall', 'half-close', 'reset', 'trickle'] as const
export type Fault = (typeof FAULTS)[number]

/**
 * When it does: at once, to whatever is connected; as soon as there is a connection; when the server asks for the
 * password; within a large result.
 */
export const STAGES = ['now', 'connect', 'authentication', 'result'] as const
export type Stage = (typeof STAGES)[number]

/** Bytes of the server after which a result is a large one. */
const LARGE = 65_536
/** The first byte of the server's request for authentication, as of what it says when that is done. */
const AUTHENTICATION = 'R'.charCodeAt(0)

/** A TCP port of the test's own in front of a server, which can go down and come back, or be a broken network. */
export class Gate {
  readonly #target: URL
  readonly #links = new Set<Link>()
  readonly #open: Set<Socket>
  #server = net.createServer()
  #port = 0
  #broken: [Fault, Stage] | undefined
  /** How many connections were made to it. */
  connections = 0
  /** The most connections that clients had open at once. */
  most = 0
  /** How many connections met the fault since it began. */
  struck = 0
  /** A word that the server is not to know: whatever clients send has another one of the same length in its place. */
  unknown = ''

  private constructor(target: URL, open: Set<Socket>) {
    this.#target = target
    this.#open = open
  }

  /** Gates with the same set of `open` connections count the most that are open to all of them. */
  static async start(t: Test, url: string, { up = true, open = new Set<Socket>() } = {}): Promise<Gate> {
    const gate = new Gate(new URL(url), open)
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
    this.#server = net.createServer({ noDelay: true }, (client) => this.#forward(client))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Resolves when a connection has been made to it. */
  async connected(): Promise<void> {
    if (this.connections === 0) await once(this.#server, 'connection')
  }

  /** Refuses connections, and cuts those that there are. */
  async down(): Promise<void> {
    this.#server.close()
    for (const link of this.#links) link.cut()
  }

  /**
   * From now on the network has this fault at this stage of every connection. Those that are past the stage are cut, so
   * that all get there.
   */
  break(fault: Fault, stage: Stage): void {
    this.#broken = [fault, stage]
    this.struck = 0
    for (const link of this.#links) {
      if (stage === 'connect' || stage === 'authentication') link.cut()
      else link.expect(fault, stage)
    }
  }

  /** The network works again: what was held back is delivered. */
  repair(): void {
    this.#broken = undefined
    for (const link of this.#links) link.repair()
  }

  /** What is sent, with another word in the place of the unknown one; what is answered, with that one again. */
  #garble(bytes: Buffer, sent: boolean): Buffer {
    if (this.unknown === '') return bytes
    const words = [this.unknown, `${this.unknown.slice(0, -1)}_`] as const
    const [from, to] = sent ? words : words.toReversed()
    return Buffer.from(bytes.toString('latin1').replaceAll(from ?? '', to ?? ''), 'latin1')
  }

  #forward(client: Socket): void {
    this.connections++
    const server = net.connect({
      port: Number(this.#target.port),
      host: this.#target.hostname,
      noDelay: true,
    })
    const link = new Link(
      client,
      server,
      () => this.#links.delete(link),
      () => this.struck++,
      (bytes, sent) => this.#garble(bytes, sent),
    )
    this.#links.add(link)
    this.#open.add(client)
    for (const event of ['end', 'error', 'close']) client.once(event, () => this.#open.delete(client))
    // That the client closed another one before it made this one may be heard of after it, in the same turn.
    setImmediate(() => {
      this.most = Math.max(this.most, this.#open.size)
    })
    if (this.#broken !== undefined) link.expect(...this.#broken)
  }
}

/** One connection of a gate: from the client to the server behind it. */
class Link {
  readonly #client: Socket
  readonly #server: Socket
  readonly #struck: () => void
  readonly #garble: (bytes: Buffer, sent: boolean) => Buffer
  /** What is held back, and for whom. */
  #held: [to: Socket, bytes: Buffer][] = []
  #expected: [Fault, Stage] | undefined
  #fault: Fault | undefined
  #drip: NodeJS.Timeout | undefined
  /** Bytes that the server sent, in all and since a fault is expected. */
  #sent = 0
  #sentSince = 0

  constructor(
    client: Socket,
    server: Socket,
    closed: () => void,
    struck: () => void,
    garble: (bytes: Buffer, sent: boolean) => Buffer,
  ) {
    this.#client = client
    this.#server = server
    this.#struck = struck
    this.#garble = garble
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (bytes) => this.#pass(from, to, bytes))
      from.on('end', () => to.end())
      from.on('drain', () => to.resume())
      from.on('error', () => to.destroy())
      // A side that goes is seen to go, whatever the fault: the server is not to keep what the client gave up.
      from.on('close', () => {
        clearInterval(this.#drip)
        closed()
        to.destroy()
      })
    }
  }

  cut(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  expect(fault: Fault, stage: Stage): void {
    this.#expected = [fault, stage]
    this.#sentSince = 0
    if (stage === 'now' || stage === 'connect') this.#strike(fault)
  }

  repair(): void {
    this.#expected = undefined
    if (this.#fault !== 'stall' && this.#fault !== 'trickle') return
    this.#fault = undefined
    clearInterval(this.#drip)
    for (const [to, bytes] of this.#held.splice(0)) to.write(bytes)
  }

  #pass(from: Socket, to: Socket, bytes: Buffer): void {
    let rest = this.#garble(bytes, from === this.#client)
    if (from === this.#server && this.#expected !== undefined) {
      const [fault, stage] = this.#expected
      const start = this.#sent
      this.#sent += bytes.length
      this.#sentSince += bytes.length
      // The answer to the client's request for TLS is one byte and comes first.
      const asks = stage === 'authentication' && start <= 1 && bytes[0] === AUTHENTICATION
      const flows = stage === 'result' && this.#sentSince > LARGE
      if (this.#fault === undefined && (asks || flows)) {
        const half = bytes.length >> 1
        to.write(bytes.subarray(0, half))
        rest = bytes.subarray(half)
        this.#strike(fault)
      }
    }
    switch (this.#fault) {
      case undefined:
        if (!to.write(rest)) from.pause()
        break
      case 'stall':
      case 'trickle':
        this.#held.push([to, rest])
        break
      case 'half-close':
        if (to === this.#server) to.write(rest)
        break
      case 'reset':
        break
    }
  }

  #strike(fault: Fault): void {
    this.#expected = undefined
    this.#fault = fault
    this.#struck()
    if (fault === 'half-close') this.#client.end()
    if (fault === 'reset') {
      this.#client.resetAndDestroy()
      this.#server.resetAndDestroy()
    }
    if (fault === 'trickle') this.#drip = setInterval(() => this.#drop(), 1000)
  }

  /** Lets one byte through to each side. */
  #drop(): void {
    for (const side of [this.#client, this.#server]) {
      const next = this.#held.find(([to]) => to === side)
      if (next === undefined) continue
      const [, bytes] = next
      side.write(bytes.subarray(0, 1))
      next[1] = bytes.subarray(1)
      if (next[1].length === 0) this.#held.splice(this.#held.indexOf(next), 1)
    }
  }
}

/** A URL that lists these gates in place of the host of `url`. */
export function urlOf(url: string, gates: readonly Gate[], options = ''): string {
  const { host } = new URL(url)
  return url.replace(host, gates.map(({ endpoint }) => endpoint).join(',')) + options
}
