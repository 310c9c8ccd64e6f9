import type { Endpoint } from '../../src/config/database-url.ts'
import { type Backoff, backoff } from '../../src/time/backoff.ts'

/** Why an endpoint refused its last connections, how many in a row, and until when it is left alone. */
interface Refusal {
  readonly error: unknown
  readonly times: number
  /** By the monotonic clock, in milliseconds. */
  readonly until: number
}

/** The endpoints that refused their last connection. Each is left alone for a while, longer after each refusal. */
export class Refusals {
  readonly #retry: Backoff
  readonly #refusals = new Map<Endpoint, Refusal>()

  constructor(retry: Backoff) {
    this.#retry = retry
  }

  add(endpoint: Endpoint, error: unknown): void {
    const times = (this.#refusals.get(endpoint)?.times ?? 0) + 1
    this.#refusals.set(endpoint, { error, times, until: performance.now() + backoff(times, this.#retry) })
  }

  clear(endpoint: Endpoint): void {
    this.#refusals.delete(endpoint)
  }

  /** Throws the error of its last connection while an endpoint is left alone. */
  throwIfRefused(endpoint: Endpoint): void {
    const refusal = this.#refusals.get(endpoint)
    if (refusal !== undefined && performance.now() < refusal.until) throw refusal.error
  }
}
