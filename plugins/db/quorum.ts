import postgres from 'postgres'
import type { Endpoint } from '../../src/config/database-url.ts'
import type { Log } from '../../src/log.ts'
import { backoff } from '../../src/time/backoff.ts'
import { DeadlineError, pause } from '../../src/time/deadline.ts'
import { formatDuration } from '../../src/time/duration.ts'
import type { Endpoints } from './endpoints.ts'
import { Interrupted } from './interrupted.ts'
import type { Pool } from './pool.ts'

/** Milliseconds between two votes of the endpoints that did not make a quorum. */
const RETRY = { first: 500, limit: 10_000 }

/** Of the connect_timeout: an endpoint that had no more than this to answer before its vote was interrupted may be well. */
const SHORT = 1 / 20

/** Milliseconds for which the current endpoint is not asked whether it leads elsewhere, after it has refused a session. */
const UNASKED = 600_000

export interface QuorumOptions {
  readonly endpoints: Endpoints
  readonly pool: Pool
  /** How many endpoints must answer in one vote. */
  readonly required: number
  /** Whether there is to be no second connection beside that of a round. */
  readonly single: boolean
  /** Milliseconds after which the wait is given up; 0 waits for ever. */
  readonly waitTimeout: number
  readonly log: Pick<Log, 'info' | 'warn'>
}

/**
 * The votes of a database's endpoints, and the wait for a quorum of them. An endpoint votes by taking a connection, which it
 * has to give up when a collector needs one.
 */
export class Quorum {
  readonly #options: QuorumOptions
  #reached = false
  #unasked = 0
  #vote: Promise<void> | undefined
  /** Milliseconds that an endpoint did not answer for, in interrupted votes one after the other. */
  readonly #waited = new Map<Endpoint, number>()

  constructor(options: QuorumOptions) {
    this.#options = options
  }

  /** Whether there was a quorum once. */
  get reached(): boolean {
    return this.#reached
  }

  /**
   * Asks each endpoint but the current one for its vote, and the current one whether its name still leads to the server that
   * the rounds use. Joins an earlier vote that is still running.
   */
  vote(signal: AbortSignal): Promise<void> {
    this.#vote ??= this.#voteNow(signal).finally(() => {
      this.#vote = undefined
    })
    return this.#vote
  }

  async #voteNow(signal: AbortSignal): Promise<void> {
    const { all, current } = this.#options.endpoints
    const others = all.filter((endpoint) => endpoint !== current)
    await Promise.all([this.#ask(others, signal), current && this.#follow(current, signal)])
  }

  /** Asks all endpoints until enough answer in one vote, or `signal` aborts. Rejects when the wait takes too long. */
  async wait(signal: AbortSignal): Promise<void> {
    const { endpoints, required, waitTimeout, log } = this.#options
    const started = performance.now()
    let reported = ''
    for (let attempt = 1; !signal.aborted; attempt++) {
      await this.#ask(endpoints.all, signal)
      if (signal.aborted) return
      const { votes, errors: reasons } = endpoints
      if (votes >= required) {
        this.#reached = true
        log.info({ event: 'back', votes, required }, 'database quorum reached')
        return
      }
      if (reasons.join() !== reported) {
        log.warn({ event: 'lost', votes, required, reasons }, 'waiting for the database quorum')
        reported = reasons.join()
      }
      const waited = performance.now() - started
      if (waitTimeout > 0 && waited >= waitTimeout) {
        throw new Error(
          `the database had ${votes} of ${required} votes after ${formatDuration(waitTimeout)} (DATABASE_WAIT_TIMEOUT): ${reasons.join('; ')}`,
        )
      }
      const left = waitTimeout > 0 ? waitTimeout - waited : Number.POSITIVE_INFINITY
      await pause(Math.min(backoff(attempt, RETRY), left), signal)
    }
  }

  /** A session stays with its server when the name moves on: to a new primary, or behind a balancer. */
  async #follow(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    const { endpoints, pool, single, log } = this.#options
    if (single) {
      pool.expire(endpoint)
      return
    }
    const used = endpoints.server
    if (used === null || performance.now() < this.#unasked) return
    try {
      const { server } = await pool.ask(endpoint, signal)
      if (server === null || server === used || endpoints.current !== endpoint) return
      log.info(
        { event: 'endpoint', endpoint: endpoint.name },
        'endpoint restarted, or leads to another server',
      )
      pool.renew(endpoint)
    } catch (error) {
      // What keeps it from answering shows in the next round; where no other session is let in, none is asked for each time.
      if (error instanceof postgres.PostgresError) this.#unasked = performance.now() + UNASKED
    }
  }

  async #ask(asked: readonly Endpoint[], signal: AbortSignal): Promise<void> {
    const { endpoints, pool } = this.#options
    await Promise.all(
      asked.map(async (endpoint) => {
        try {
          endpoints.markUp(endpoint, await pool.ask(endpoint, signal))
          this.#waited.delete(endpoint)
        } catch (error) {
          // A vote that was cut short says nothing about the endpoint.
          if (signal.aborted) return
          if (error instanceof Interrupted) this.#addWaited(endpoint, error.waited)
          else this.#markDown(endpoint, error)
        }
      }),
    )
  }

  /** Marks an endpoint down that did not answer within the connect_timeout, in several votes together. */
  #addWaited(endpoint: Endpoint, waited: number): void {
    const { connectTimeout } = this.#options.pool
    if (waited < connectTimeout * SHORT) return
    const sum = (this.#waited.get(endpoint) ?? 0) + waited
    this.#waited.set(endpoint, sum)
    if (sum >= connectTimeout)
      this.#markDown(endpoint, new DeadlineError(`no answer within ${formatDuration(connectTimeout)}`))
  }

  #markDown(endpoint: Endpoint, error: unknown): void {
    this.#options.endpoints.markDown(endpoint, error)
    this.#waited.delete(endpoint)
  }
}
