import postgres from 'postgres'

/** Settings of a transaction that limit it, and what only some engines have. */
const OPTIONAL = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'getdatabaseencoding',
  'pg_is_in_recovery',
  'pg_backend_pid',
  'pg_export_snapshot',
] as const
export type Feature = (typeof OPTIONAL)[number]

/**
 * An unknown setting, an unknown function, what is not supported, and what the role may not call.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const LACKING = new Set(['42704', '42883', '0A000', '42501'])

/** What of PostgreSQL the engine at the other end of a URL has: all of it, until it says otherwise. */
export class Dialect {
  readonly #lacking = new Set<Feature>()
  readonly #onLack: (feature: Feature, reason: string) => void

  /** `onLack` is told once of each feature that is found lacking. */
  constructor(onLack: (feature: Feature, reason: string) => void) {
    this.#onLack = onLack
  }

  has(feature: Feature): boolean {
    return !this.#lacking.has(feature)
  }

  /** Whether an error says that a feature is lacking that it was thought to have: what failed can be tried without it. */
  learn(error: unknown): boolean {
    if (!(error instanceof postgres.PostgresError) || !LACKING.has(error.code)) return false
    const feature = OPTIONAL.find((name) => this.has(name) && error.message.includes(name))
    if (feature === undefined) return false
    this.#lacking.add(feature)
    this.#onLack(feature, error.message)
    return true
  }
}
