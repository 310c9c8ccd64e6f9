// The connections of a listener, and who goes when there are too many. Imports its own folder only.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { Connection } from './connection.ts'
import type { Refusals } from './refusals.ts'

export interface ConnectionLimits {
  /** The most connections at once. */
  readonly connections: number
  /** Milliseconds that a client has to take an answer; for ever when undefined. */
  readonly answer?: number
}

/**
 * Keeps a listener open to those who ask something. When a connection needs a place and there is none, it gets that of the one
 * that has waited the longest without a whole request: silent, in the middle of a handshake or of a head, kept alive.
 * If there is none, the oldest that does not read its answer goes.
 */
export class Connections {
  readonly #limits: ConnectionLimits
  readonly #refusals: Refusals
  /** The open connections by their addresses, the oldest first. */
  readonly #open = new Map<string, Connection>()

  constructor(limits: ConnectionLimits, refusals: Refusals) {
    this.#limits = limits
    this.#refusals = refusals
  }

  /** Watches the connections of a server, which may be one for TLS. */
  watch(server: Server, encrypted: boolean): void {
    server.on('connection', (socket) => {
      const connection = this.#add(socket)
      if (connection !== undefined && !encrypted) this.#read(connection)
    })
    server.on('secureConnection', (socket: Socket) => {
      const connection = this.#open.get(addressesOf(socket))
      // One that is not known has just lost its place.
      if (connection === undefined) {
        socket.destroy()
        return
      }
      connection.socket = socket
      this.#read(connection)
    })
  }

  /** Takes the request of a connection. Returns whether it is to be handled. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#open.get(addressesOf(request.socket))
    if (connection === undefined || connection.isAnswered) {
      request.socket.destroy()
      return false
    }
    const { answer } = this.#limits
    const late =
      answer === undefined ? undefined : setTimeout(() => this.#refuse(connection, 'timeout'), answer)
    connection.answer(request, response, () => {
      clearTimeout(late)
      this.#refusals.countStatus(response.statusCode)
    })
    return true
  }

  /** Closes every connection: at once, or as soon as its answer is sent. */
  close(): void {
    for (const connection of this.#open.values()) connection.close()
  }

  /** Cuts every connection, whatever it does. */
  cut(): void {
    for (const { socket } of this.#open.values()) socket.destroy()
  }

  #add(socket: Socket): Connection | undefined {
    if (this.#open.size >= this.#limits.connections && !this.#makePlace()) {
      this.#refusals.count('connections')
      socket.destroy()
      return undefined
    }
    const connection = new Connection(socket)
    const addresses = addressesOf(socket)
    this.#open.set(addresses, connection)
    socket.once('close', () => {
      if (this.#open.get(addresses) === connection) this.#open.delete(addresses)
    })
    return connection
  }

  #read(connection: Connection): void {
    connection.readOneByOne(() => this.#refusals.count('pipelined'))
  }

  /** Returns whether there is a place now. */
  #makePlace(): boolean {
    let found: [string, Connection] | undefined
    for (const entry of this.#open) {
      const [, connection] = entry
      if (connection.isBusy) continue
      if (found === undefined || isBefore(connection, found[1])) found = entry
    }
    if (found === undefined) return false
    const [addresses, connection] = found
    this.#open.delete(addresses)
    this.#refuse(connection, 'connections')
    return true
  }

  #refuse({ socket }: Connection, reason: 'connections' | 'timeout'): void {
    this.#refusals.count(reason)
    socket.destroy()
  }
}

/** Whether one connection goes before another. */
function isBefore(one: Connection, other: Connection): boolean {
  if (one.isAnswered !== other.isAnswered) return other.isAnswered
  return one.idleSince < other.idleSince
}

/** Names a connection: the same for its socket and for the encrypted one upon it, and none that is open has it too. */
function addressesOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress}:${localPort} ${remoteAddress}:${remotePort}`
}
