import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'
import { isFit, type SessionAttrs } from '../../src/config/session-attrs.ts'
import { describeError } from '../../src/finding.ts'
import type { Begun, EndpointState, Standing } from '../../src/query/db.ts'
import { formatDuration } from '../../src/time/duration.ts'

/** Limits for standbys, in milliseconds. */
export interface StandbyLimits {
  /** DATABASE_MAX_LAG: how far one may be behind while another endpoint is fit. */
  readonly maxLag: number
  /** COLLECTOR_STALE_AFTER: how long what a round saw is on the page though no later one succeeds; 0 for ever. */
  readonly staleAfter: number
}

/** What is known of each endpoint of a database, by its last vote or use, and which one is current. */
export class Endpoints {
  readonly #sessionAttrs: SessionAttrs
  readonly #limits: StandbyLimits
  readonly #states: Map<Endpoint, EndpointState>
  /** The same, for those who only read: another list after each change. */
  #list: readonly EndpointState[]
  #current: Endpoint | undefined
  #server: string | null = null
  /** The position in the WAL after which the last snapshot saw nothing, and when it was taken. */
  #seen: { readonly position: bigint; readonly at: number } | undefined

  constructor({ endpoints, sessionAttrs }: DatabaseUrl, limits: StandbyLimits) {
    this.#sessionAttrs = sessionAttrs
    this.#limits = limits
    this.#states = new Map(
      endpoints.map((endpoint) => [
        endpoint,
        { name: endpoint.name, up: false, role: undefined, error: undefined },
      ]),
    )
    this.#list = [...this.#states.values()]
  }

  get all(): readonly Endpoint[] {
    return [...this.#states.keys()]
  }

  get states(): readonly EndpointState[] {
    return this.#list
  }

  /** How many endpoints answered when they were last asked. */
  get votes(): number {
    return this.states.filter(({ up }) => up).length
  }

  /** Why each endpoint that is not up is not. */
  get errors(): string[] {
    return this.states.flatMap(({ error }) => (error === undefined ? [] : [error]))
  }

  /** The endpoint that the last snapshot was taken on. */
  get current(): Endpoint | undefined {
    return this.#current
  }

  /** The server that the last snapshot was taken on; null when it cannot be told from others. */
  get server(): string | null {
    return this.#server
  }

  /** Makes an endpoint the current one, with what its snapshot sees. */
  use(endpoint: Endpoint, { within, server }: Pick<Begun, 'within' | 'server'>, now: number): void {
    this.#current = endpoint
    this.#server = server
    this.#seen = within === null ? undefined : { position: within, at: now }
  }

  /** Says why no endpoint with this standing may be collected from while another may; undefined when it may. */
  tooLate({ inRecovery, lag }: Standing): string | undefined {
    if (!inRecovery || lag === null || lag * 1000 <= this.#limits.maxLag) return undefined
    return `it is a standby that is ${formatDuration(Math.round(lag) * 1000)} behind (DATABASE_MAX_LAG)`
  }

  /**
   * Says why a snapshot may not be used at all: it sees less than the one before it. A standby that is behind catches up;
   * a primary is a new history. What is stale is not on the page any more, so that nothing goes back in time.
   */
  tooOld({ inRecovery, sees }: Pick<Begun, 'inRecovery' | 'sees'>, now: number): string | undefined {
    if (!inRecovery || sees === null || this.#seen === undefined || sees >= this.#seen.position)
      return undefined
    const { staleAfter } = this.#limits
    if (staleAfter > 0 && now - this.#seen.at > staleAfter) return undefined
    return 'it is a standby that has not replayed yet what the page shows'
  }

  /** Makes no endpoint the current one, so that the next vote asks all of them. */
  forgetCurrent(): void {
    this.#current = undefined
  }

  markUp(endpoint: Endpoint, { inRecovery, readOnly, lag, server, expires }: Standing): void {
    const role = { inRecovery, readOnly, lag, server, ...(expires !== undefined && { expires }) }
    this.#mark(endpoint, { name: endpoint.name, up: true, role, error: undefined })
  }

  markDown(endpoint: Endpoint, reason: unknown): void {
    const error = `${endpoint.name}: ${describeError(reason)}`
    this.#mark(endpoint, { name: endpoint.name, up: false, role: undefined, error })
  }

  #mark(endpoint: Endpoint, state: EndpointState): void {
    this.#states.set(endpoint, state)
    this.#list = [...this.#states.values()]
  }

  /** Marks an endpoint down that was lost while it was used. It is not current any more, so that the next vote asks it. */
  markLost(endpoint: Endpoint, reason: unknown): void {
    this.markDown(endpoint, reason)
    if (this.#current === endpoint) this.forgetCurrent()
  }

  /** The endpoints except those in `avoid`, the fittest first; among equals the current one, then in the URL's order. */
  ranked(avoid: ReadonlyMap<Endpoint, unknown>): Endpoint[] {
    return [...this.#states]
      .filter(([endpoint]) => !avoid.has(endpoint))
      .map(([endpoint, { role }]) => ({
        endpoint,
        rank: this.#rank(role),
        other: endpoint === this.#current ? 0 : 1,
      }))
      .sort((a, b) => a.rank - b.rank || a.other - b.other)
      .map(({ endpoint }) => endpoint)
  }

  /**
   * 0 for an endpoint that is what `target_session_attrs` asks for, 1 for another that is up, 2 for one that is too far
   * behind, 3 for one that is down.
   */
  #rank(role: Standing | undefined): number {
    if (role === undefined) return 3
    if (this.tooLate(role) !== undefined) return 2
    const attrs = this.#sessionAttrs
    const wanted = attrs === 'prefer-standby' ? role.inRecovery : isFit(role, attrs)
    return wanted ? 0 : 1
  }
}
