import {
  type DatabaseUrl,
  type Endpoint,
  isFit,
  type Role,
  type SessionAttrs,
} from '../../src/config/database-url.ts'
import { describeError } from '../../src/finding.ts'
import type { EndpointState } from '../../src/query/db.ts'

/** What is known of each endpoint of a database, by its last vote or use, and which one is current. */
export class Endpoints {
  readonly #sessionAttrs: SessionAttrs
  readonly #states: Map<Endpoint, EndpointState>
  #current: Endpoint | undefined

  constructor({ endpoints, sessionAttrs }: DatabaseUrl) {
    this.#sessionAttrs = sessionAttrs
    this.#states = new Map(
      endpoints.map((endpoint) => [
        endpoint,
        { name: endpoint.name, up: false, role: undefined, error: undefined },
      ]),
    )
  }

  get all(): readonly Endpoint[] {
    return [...this.#states.keys()]
  }

  get states(): readonly EndpointState[] {
    return [...this.#states.values()]
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

  /** Makes an endpoint the current one. */
  use(endpoint: Endpoint): void {
    this.#current = endpoint
  }

  /** Makes no endpoint the current one, so that the next vote asks all of them. */
  forgetCurrent(): void {
    this.#current = undefined
  }

  markUp(endpoint: Endpoint, { inRecovery, readOnly }: Role): void {
    const role = { inRecovery, readOnly }
    this.#states.set(endpoint, { name: endpoint.name, up: true, role, error: undefined })
  }

  markDown(endpoint: Endpoint, reason: unknown): void {
    const error = `${endpoint.name}: ${describeError(reason)}`
    this.#states.set(endpoint, { name: endpoint.name, up: false, role: undefined, error })
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

  /** 0 for an endpoint that is what `target_session_attrs` asks for, 1 for another that is up, 2 for one that is down. */
  #rank(role: Role | undefined): number {
    if (role === undefined) return 2
    const attrs = this.#sessionAttrs
    const wanted = attrs === 'prefer-standby' ? role.inRecovery : isFit(role, attrs)
    return wanted ? 0 : 1
  }
}
