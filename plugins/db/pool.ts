import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'
import { type Backoff, backoff } from '../../src/time/backoff.ts'
import { within } from '../../src/time/deadline.ts'
import { Connection, isAnswer } from './connection.ts'
import type { Dialect } from './dialect.ts'
import type { Begun, Transaction } from './transaction.ts'

/** Why an endpoint took no connection, how many times in a row, and until when it is left alone. */
interface Refusal {
  readonly error: unknown
  readonly times: number
  /** Of the monotonic clock, in milliseconds. */
  readonly until: number
}

/** A fixed number of connections to all endpoints together. One that is not in use is kept for the next round. */
export class Pool {
  readonly dialect: Dialect
  readonly #url: DatabaseUrl
  readonly #limit: number
  readonly #retry: Backoff
  /** Endpoints that refused the last connection. */
  readonly #refusals = new Map<Endpoint, Refusal>()
  /** Connections that are open or being opened. */
  #open = 0
  #idle: Connection[] = []
  readonly #waiting: (() => void)[] = []

  constructor(url: DatabaseUrl, limit: number, retry: Backoff, dialect: Dialect) {
    this.dialect = dialect
    this.#url = url
    this.#limit = limit
    this.#retry = retry
  }

  /** A new connection, which waits for room if need be. */
  async open(endpoint: Endpoint, signal: AbortSignal): Promise<Connection> {
    await this.#room(signal)
    try {
      const connection = await Connection.open(this.#url, endpoint, this.dialect, signal)
      this.#refusals.delete(endpoint)
      return connection
    } catch (error) {
      this.#leave()
      if (!signal.aborted) this.#refused(endpoint, error)
      throw error
    }
  }

  #refused(endpoint: Endpoint, error: unknown): void {
    const times = (this.#refusals.get(endpoint)?.times ?? 0) + 1
    this.#refusals.set(endpoint, { error, times, until: performance.now() + backoff(times, this.#retry) })
  }

  /** A connection to an endpoint, unless that has just refused one: a round of many collectors is no storm. */
  async #openUnlessRefused(endpoint: Endpoint, signal: AbortSignal): Promise<Connection> {
    const refusal = this.#refusals.get(endpoint)
    if (refusal !== undefined && performance.now() < refusal.until) throw refusal.error
    return this.open(endpoint, signal)
  }

  /**
   * A connection with a transaction started on it. One that was lost while it lay idle is replaced without a word;
   * a server that does not answer within the connect timeout counts as lost.
   */
  async begin(
    endpoint: Endpoint,
    transaction: Transaction,
    signal: AbortSignal,
  ): Promise<[Connection, Begun]> {
    for (;;) {
      const connection = this.#reuse(endpoint) ?? (await this.#openUnlessRefused(endpoint, signal))
      try {
        return [
          connection,
          await within(connection.begin(transaction), { ms: this.#url.connectTimeout, signal }),
        ]
      } catch (error) {
        const stale = connection.reused && !signal.aborted && (connection.lost || !isAnswer(error))
        this.discard(connection, error)
        if (!stale) throw error
        // What befell one that lay idle befell all: to wait for each would cost a round as many timeouts.
        for (let idle = this.#reuse(endpoint); idle !== undefined; idle = this.#reuse(endpoint)) {
          this.discard(idle, error)
        }
      }
    }
  }

  /** Takes a connection back. One that was lost is forgotten. */
  release(connection: Connection): void {
    if (connection.lost) {
      this.#leave()
      return
    }
    connection.reused = true
    this.#idle.push(connection)
    if (this.#waiting.length > 0) void this.#evict()
  }

  /** Cuts a connection that is of no more use. */
  discard(connection: Connection, reason: unknown): void {
    connection.destroy(reason)
    this.#leave()
  }

  /** Closes a connection in good order. */
  async close(connection: Connection): Promise<void> {
    await connection.close()
    this.#leave()
  }

  /** Closes every connection that is not in use. */
  async drain(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((connection) => this.close(connection)))
  }

  #reuse(endpoint: Endpoint): Connection | undefined {
    for (;;) {
      const at = this.#idle.findLastIndex((connection) => connection.endpoint === endpoint)
      const connection = at < 0 ? undefined : this.#idle.splice(at, 1)[0]
      if (connection === undefined || !connection.lost) return connection
      this.#leave()
    }
  }

  async #room(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#open < this.#limit) {
      this.#open++
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => {
      const at = this.#waiting.indexOf(resolve)
      if (at < 0) return
      this.#waiting.splice(at, 1)
      reject(signal.reason)
    }
    this.#waiting.push(resolve)
    signal.addEventListener('abort', abort)
    void this.#evict()
    try {
      // Whoever leaves hands its place over, so that the count stands.
      await promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async #evict(): Promise<void> {
    const oldest = this.#idle.shift()
    if (oldest !== undefined) await this.close(oldest)
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#open--
    else next()
  }
}
