import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'
import type { Begun, Standing } from '../../src/query/db.ts'
import type { Backoff } from '../../src/time/backoff.ts'
import { within } from '../../src/time/deadline.ts'
import { isAnswer } from './answer.ts'
import { Capacity } from './capacity.ts'
import { Connection, GRACE } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { Idle } from './idle.ts'
import { Interrupted } from './interrupted.ts'
import { Refusals } from './refusals.ts'
import { Spares } from './spares.ts'
import type { Transaction } from './transaction.ts'

export interface PoolOptions {
  readonly url: DatabaseUrl
  /** The most connections, to all endpoints together. */
  readonly size: number
  /** How long an endpoint that refused a connection is not tried again. */
  readonly retry: Backoff
  readonly dialect: Dialect
  /** The connections to cancel queries through; its own by default. */
  readonly spares?: Spares
}

/** A fixed number of connections to all endpoints together. One that is not in use is kept for the next round. */
export class Pool {
  readonly dialect: Dialect
  /** The connections to cancel queries through. */
  readonly spares: Spares
  readonly #url: DatabaseUrl
  readonly #refusals: Refusals
  readonly #capacity: Capacity
  readonly #idle = new Idle()
  /** The questions that give way. */
  readonly #asking = new Set<AbortController>()

  constructor({ url, size, retry, dialect, spares }: PoolOptions) {
    this.spares = spares ?? new Spares(this)
    this.dialect = dialect
    this.#url = url
    this.#capacity = new Capacity(size)
    this.#refusals = new Refusals(retry)
  }

  /** Milliseconds in which a connection must be ready, or answer when it is used again. */
  get connectTimeout(): number {
    return this.#url.connectTimeout
  }

  /** Opens a connection, and asks the server what it is. Waits until there are fewer connections than the pool's size. */
  async open(endpoint: Endpoint, signal: AbortSignal): Promise<[Connection, Standing]> {
    const slot = this.#takePlace(signal)
    if (this.#capacity.exhausted) for (const asking of this.#asking) asking.abort()
    await slot
    return this.#connect(endpoint, signal)
  }

  /**
   * Asks an endpoint what it is, on a connection of its own. As soon as a caller of `open` finds none left, it gives that
   * connection up, or its place in the queue for one, and rejects with Interrupted.
   */
  async ask(endpoint: Endpoint, signal: AbortSignal): Promise<Standing> {
    const asking = new AbortController()
    const either = AbortSignal.any([signal, asking.signal])
    let started: number | undefined
    this.#asking.add(asking)
    try {
      await this.#takePlace(either)
      started = performance.now()
      const [connection, standing] = await this.#connect(endpoint, either)
      asking.signal.addEventListener('abort', () => connection.destroy(asking.signal.reason))
      await this.close(connection)
      return standing
    } catch (error) {
      if (!asking.signal.aborted || signal.aborted) throw error
      throw new Interrupted(started === undefined ? 0 : performance.now() - started)
    } finally {
      this.#asking.delete(asking)
    }
  }

  /** Waits until there are fewer connections than the pool's size. */
  async #takePlace(signal: AbortSignal): Promise<void> {
    const slot = this.#capacity.take(signal)
    if (this.#capacity.exhausted) void this.#closeOldest()
    await slot
  }

  async #connect(endpoint: Endpoint, signal: AbortSignal): Promise<[Connection, Standing]> {
    try {
      const opened = await Connection.open(this.#url, endpoint, this.dialect, signal)
      this.#refusals.clear(endpoint)
      return opened
    } catch (error) {
      this.#capacity.give()
      if (!signal.aborted) this.#refusals.add(endpoint, error)
      throw error
    }
  }

  /**
   * Starts a transaction, on an idle connection or on a new one. An idle connection that was lost meanwhile is replaced;
   * one that does not answer within the connect timeout counts as lost. Rejects at once for a while after the endpoint
   * refused a connection, so that a round of many collectors does not flood it with attempts.
   */
  async begin(
    endpoint: Endpoint,
    transaction: Transaction,
    signal: AbortSignal,
  ): Promise<[Connection, Begun]> {
    for (;;) {
      let connection = await this.#reuse(endpoint)
      if (connection === undefined) {
        this.#refusals.throwIfRefused(endpoint)
        ;[connection] = await this.open(endpoint, signal)
      }
      try {
        return [connection, await within(connection.begin(transaction), { ms: this.connectTimeout, signal })]
      } catch (error) {
        const stale = connection.reused && !signal.aborted && (connection.lost || !isAnswer(error))
        this.discard(connection, error)
        if (!stale) throw error
        // If one idle connection is dead, assume that all are: a round would wait for a timeout of each.
        for (const idle of this.#idle.takeAll(endpoint)) this.discard(idle, error)
      }
    }
  }

  /** Gives a connection to an endpoint, in no transaction: one that is idle, or a new one. */
  async take(endpoint: Endpoint, signal: AbortSignal): Promise<Connection> {
    return (await this.#reuse(endpoint)) ?? (await this.open(endpoint, signal))[0]
  }

  /** Takes a connection back, unless it was lost or has lived long enough. */
  release(connection: Connection): void {
    if (connection.lost) this.#capacity.give()
    else if (!this.#idle.add(connection, performance.now())) void this.close(connection)
    else if (this.#capacity.exhausted) void this.#closeOldest()
  }

  /** Ends the transaction of a connection and takes it back, or cuts it for this reason if it does not answer. */
  async end(connection: Connection, reason: unknown): Promise<void> {
    try {
      await within(connection.rollback(), { ms: GRACE })
      this.release(connection)
    } catch {
      this.discard(connection, reason)
    }
  }

  /** Closes the connections that are not to be kept, now that one more snapshot has ended. */
  trim(): void {
    for (const connection of this.#idle.trim(performance.now())) void this.close(connection)
  }

  /**
   * Uses no session again that is there now, with this endpoint or with any: its name leads to another server, or what the
   * sessions were opened with is new.
   */
  renew(endpoint?: Endpoint): void {
    if (endpoint === undefined) this.#refusals.reset()
    this.#idle.expire(performance.now(), endpoint)
    for (const connection of this.#idle.takeAll(endpoint)) void this.close(connection)
  }

  /** Has the next user of this endpoint open a session of its own, when that which is there is closed. */
  expire(endpoint: Endpoint): void {
    this.#idle.expire(performance.now(), endpoint)
  }

  /** Cuts a connection that cannot be used any more. */
  discard(connection: Connection, reason: unknown): void {
    connection.destroy(reason)
    this.#capacity.give()
  }

  /** Ends the session of a connection. */
  async close(connection: Connection): Promise<void> {
    await connection.close()
    this.#capacity.give()
  }

  /** Closes every connection that is not in use. */
  async drain(): Promise<void> {
    await Promise.all(this.#idle.takeAll().map((connection) => this.close(connection)))
  }

  /** The idle connection to an endpoint that was used last. One that has lived long enough is closed first. */
  async #reuse(endpoint: Endpoint): Promise<Connection | undefined> {
    for (;;) {
      const connection = this.#idle.take(endpoint)
      if (connection === undefined) return undefined
      if (connection.lost) this.#capacity.give()
      else if (this.#idle.isSpent(connection, performance.now())) await this.close(connection)
      else return connection
    }
  }

  /** Makes room for another connection. */
  async #closeOldest(): Promise<void> {
    const oldest = this.#idle.takeOldest()
    if (oldest !== undefined) await this.close(oldest)
  }
}
