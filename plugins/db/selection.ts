import type { Endpoint } from '../../src/config/database-url.ts'
import { isFit, type SessionAttrs } from '../../src/config/session-attrs.ts'
import { describeError } from '../../src/finding.ts'
import type { Log } from '../../src/log.ts'
import type { Endpoints } from './endpoints.ts'
import type { PoolSnapshot } from './snapshot.ts'

export interface SelectionOptions {
  readonly endpoints: Endpoints
  readonly sessionAttrs: SessionAttrs
  readonly log: Pick<Log, 'info' | 'warn'>
}

/** Selects the endpoint that a snapshot is taken on. */
export class Selection {
  readonly #options: SelectionOptions
  /** Whether the current endpoint is a standby that is too far behind. */
  #late = false

  constructor(options: SelectionOptions) {
    this.#options = options
  }

  /**
   * Takes a snapshot with `take` on the fittest endpoint, except those in `avoid`. A standby that is too far behind is
   * used when no other endpoint is fit. Rejects with the reason of each endpoint when none can be used.
   */
  async snapshot(
    take: (endpoint: Endpoint) => Promise<PoolSnapshot>,
    signal: AbortSignal,
    avoid: ReadonlyMap<Endpoint, unknown>,
  ): Promise<PoolSnapshot> {
    const { endpoints } = this.#options
    const reasons: string[] = []
    const late: Endpoint[] = []
    const tryOne = async (endpoint: Endpoint, putOff?: Endpoint[]) => {
      try {
        return await this.#attempt(await take(endpoint), endpoint, putOff)
      } catch (error) {
        signal.throwIfAborted()
        reasons.push(`${endpoint.name}: ${describeError(error)}`)
        if (!(error instanceof Unfit)) endpoints.markDown(endpoint, error)
        return undefined
      }
    }
    for (const endpoint of endpoints.ranked(avoid)) {
      const snapshot = await tryOne(endpoint, late)
      if (snapshot !== undefined) return snapshot
    }
    for (const endpoint of late) {
      const snapshot = await tryOne(endpoint)
      if (snapshot !== undefined) return snapshot
    }
    throw new Error(reasons.join('; ') || 'no endpoint is left to try')
  }

  /** Uses a snapshot if it is fit, or puts its endpoint into `late`. Throws an Unfit that says why it cannot be used. */
  async #attempt(
    snapshot: PoolSnapshot,
    endpoint: Endpoint,
    late: Endpoint[] | undefined,
  ): Promise<PoolSnapshot | undefined> {
    const { endpoints, sessionAttrs, log } = this.#options
    const { begun } = snapshot
    const now = performance.now()
    endpoints.markUp(endpoint, begun)
    const unfit = isFit(begun, sessionAttrs)
      ? endpoints.tooOld(begun, now)
      : `it is not ${sessionAttrs}, as target_session_attrs asks`
    const lateness = endpoints.tooLate(begun)
    if (unfit === undefined && (lateness === undefined || late === undefined)) {
      if (endpoints.current !== endpoint)
        log.info({ event: 'endpoint', endpoint: endpoint.name }, 'collecting from this endpoint')
      if (lateness !== undefined && !this.#late) {
        log.warn(
          { event: 'endpoint', endpoint: endpoint.name },
          `collecting from a standby that is behind: ${lateness}`,
        )
      }
      this.#late = lateness !== undefined
      endpoints.use(endpoint, begun, now)
      return snapshot
    }
    // Behind one name may be several servers, so that the next attempt must not use the same connection.
    await snapshot.abandon()
    if (unfit !== undefined) throw new Unfit(unfit)
    late?.push(endpoint)
    return undefined
  }
}

/** Says why an endpoint cannot be used though it is up. */
class Unfit extends Error {}
