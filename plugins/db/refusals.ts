import type { Endpoint } from '../../src/config/database-url.ts'
import { type Backoff, backoff } from '../../src/time/backoff.ts'

/** Why an endpoint refused its last connection, how many it refused in a row, and until when it is not tried again. */
interface Refusal {
  readonly error: unknown
  readonly times: number
  /** By the monotonic clock, in milliseconds. */
  readonly until: number
}

/** The endpoints that refused their last connection. Each is not tried again for a while, longer after each refusal. */
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

  /** Forgets all refusals. */
  reset(): void {
    this.#refusals.clear()
  }

  /** Throws the error of an endpoint's last connection while it is not to be tried again. */
  throwIfRefused(endpoint: Endpoint): void {
    const refusal = this.#refusals.get(endpoint)
    if (refusal !== undefined && performance.now() < refusal.until) throw refusal.error
  }
}
