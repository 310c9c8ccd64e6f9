import type { Duplex } from 'node:stream'
import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'
import type { Client } from '../../src/query/client.ts'
import { expiryOf } from '../../src/time/expiry.ts'
import { isAnswer } from './answer.ts'
import { createClient } from './client.ts'
import { openGuarded } from './socket.ts'
import type { Guard } from './wire/guard.ts'

/** Milliseconds for the server to close a session. */
const CLOSE_TIMEOUT = 1000

/**
 * One session with one endpoint, and the client that speaks in it. It never reconnects: a client that did would run the rest
 * of a transaction outside of it. So each has a client of its own, whose socket can be destroyed when the network does not
 * answer.
 */
export class Link {
  readonly endpoint: Endpoint
  /** Milliseconds of the monotonic clock. */
  readonly openedAt = performance.now()
  readonly #client: Client
  #guard: Guard | undefined
  #connected = false
  #user: string | undefined
  #expires: number | undefined
  #lost = false
  readonly #cut = new AbortController()
  readonly #closed = Promise.withResolvers<void>()
  /** Rejects each running query: the client leaves them pending when the network stops answering. */
  readonly #running = new Set<(reason: unknown) => void>()

  constructor(url: DatabaseUrl, endpoint: Endpoint) {
    this.endpoint = endpoint
    const sql = createClient(endpoint, {
      socket: () => this.#connect(url),
      onclose: () => this.destroy(new Error('the server closed the connection')),
    })
    const takeRows: Client['wire']['takeRows'] = (receiver) => {
      if (this.#guard === undefined) throw new Error('the connection has not begun')
      return this.#guard.takeRows(receiver, sql.options.parsers)
    }
    this.#client = Object.assign(sql, { wire: { takeRows } })
  }

  /** When the certificate of its server expires, in seconds since 1970; undefined without TLS. */
  get expires(): number | undefined {
    return this.#expires
  }

  get lost(): boolean {
    return this.#lost
  }

  /** Resolves when it is closed. The server closes its end only when the session is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Runs a query. Rejects as soon as the connection is lost. */
  async run<T>(query: (sql: Client) => PromiseLike<T>): Promise<T> {
    if (this.#lost) throw new Error('the connection is lost')
    const { promise, reject } = Promise.withResolvers<never>()
    this.#running.add(reject)
    try {
      return await Promise.race([query(this.#client), promise])
    } catch (error) {
      // Whom to grant what is lacking, which the server does not say.
      if (isAnswer(error)) Object.assign(error, { role: this.#user })
      throw error
    } finally {
      this.#running.delete(reject)
    }
  }

  /** Ends the session, and waits for the server to close it, for a second at most. */
  async close(): Promise<void> {
    await this.#client.end({ timeout: CLOSE_TIMEOUT / 1000 }).catch(() => {})
    this.destroy(new Error('the connection was closed'))
  }

  /** Cuts the connection at once. Each query that still runs on it rejects with the reason. */
  destroy(reason: unknown): void {
    if (this.#lost) return
    this.#lost = true
    for (const reject of this.#running) reject(reason)
    this.#cut.abort(reason)
    void this.#client.end({ timeout: 0 }).catch(() => {})
  }

  /** Opens the session that the client speaks through: once, because it must not reconnect. */
  async #connect(url: DatabaseUrl): Promise<Duplex> {
    if (this.#lost || this.#connected) throw new Error('the server closed the connection')
    this.#connected = true
    const { guard, user, certificate } = await openGuarded(this.endpoint, url, this.#cut.signal)
    this.#guard = guard
    this.#user = user
    this.#expires = certificate && expiryOf(certificate)
    // The client does not listen any more to one that it has let go.
    guard.on('error', (error) => this.destroy(error))
    guard.on('close', () => {
      this.#closed.resolve()
      this.destroy(new Error('the server closed the connection'))
    })
    return guard
  }
}
