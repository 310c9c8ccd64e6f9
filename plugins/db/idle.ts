import type { Endpoint } from '../../src/config/database-url.ts'
import type { Connection } from './connection.ts'

/** How many snapshots in a row may not use a connection before it is closed. */
const KEPT_SNAPSHOTS = 3
/**
 * Milliseconds that a session lives for, by chance in between: a backend never gives memory back that it took for its caches,
 * and sessions that were opened together should not end together.
 */
const LIFETIME = { least: 30 * 60_000, most: 60 * 60_000 }

/** The connections that are not in use, and which of them are kept. */
export class Idle {
  /** The one that was used last is the last. */
  readonly #connections: Connection[] = []
  /** How many snapshots have ended, and at which count each connection was used last. */
  #ended = 0
  readonly #usedAt = new WeakMap<Connection, number>()
  readonly #endsAt = new WeakMap<Connection, number>()
  /** When the sessions with an endpoint, or with any, were last to be renewed, in milliseconds of the monotonic clock. */
  readonly #renewed = new Map<Endpoint | undefined, number>()

  /** Takes a connection in, unless it has lived long enough: then it returns false, and the caller closes it. */
  add(connection: Connection, now: number): boolean {
    if (this.isSpent(connection, now)) return false
    connection.reused = true
    this.#usedAt.set(connection, this.#ended)
    this.#connections.push(connection)
    return true
  }

  /** Gives away the connection to an endpoint that was used last; it may be lost. */
  take(endpoint: Endpoint): Connection | undefined {
    return this.#remove(this.#connections.findLastIndex((idle) => idle.endpoint === endpoint))
  }

  /** Gives away the connection that was used before all others. */
  takeOldest(): Connection | undefined {
    return this.#connections.shift()
  }

  /** Gives away all connections, or those to an endpoint; they may be lost. */
  takeAll(endpoint?: Endpoint): Connection[] {
    return this.#removeAll((idle) => endpoint === undefined || idle.endpoint === endpoint)
  }

  /** Gives away those that are not to be kept, now that one more snapshot has ended. */
  trim(now: number): Connection[] {
    this.#ended++
    const isSpare = (idle: Connection) => (this.#usedAt.get(idle) ?? 0) < this.#ended - KEPT_SNAPSHOTS
    return this.#removeAll((idle) => isSpare(idle) || this.isSpent(idle, now))
  }

  /** Says that the sessions that are there now, in use or not, with this endpoint or with any, have lived long enough. */
  expire(now: number, endpoint?: Endpoint): void {
    this.#renewed.set(endpoint, now)
  }

  #removeAll(wanted: (idle: Connection) => boolean): Connection[] {
    const found = this.#connections.filter(wanted)
    return found.flatMap((idle) => this.#remove(this.#connections.indexOf(idle)) ?? [])
  }

  #remove(index: number): Connection | undefined {
    return index === -1 ? undefined : this.#connections.splice(index, 1)[0]
  }

  /** Whether a connection has lived long enough. */
  isSpent(connection: Connection, now: number): boolean {
    const { least, most } = LIFETIME
    const endsAt =
      this.#endsAt.get(connection) ?? connection.openedAt + least + Math.random() * (most - least)
    this.#endsAt.set(connection, endsAt)
    const renewed = [connection.endpoint, undefined].map((endpoint) => this.#renewed.get(endpoint) ?? 0)
    return now >= endsAt || connection.openedAt < Math.max(...renewed)
  }
}
