import postgres from 'postgres'
import { SETTINGS } from './settings.ts'

/** The settings and functions of PostgreSQL that the service uses, and can do without. */
const FEATURES = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'getdatabaseencoding',
  'pg_is_in_recovery',
  'pg_backend_pid',
  'pg_export_snapshot',
  'pg_advisory_unlock_all',
  'DEALLOCATE',
  'pg_last_xact_replay_timestamp',
  'pg_last_wal_replay_lsn',
  'pg_last_wal_receive_lsn',
  'pg_stat_get_wal_receiver',
  'pg_current_wal_insert_lsn',
  'pg_control_system',
  'pg_postmaster_start_time',
  'search_path',
  'default_transaction_read_only',
  ...SETTINGS.map(([name]) => name),
] as const
export type Feature = (typeof FEATURES)[number]

/**
 * The errors of a missing feature: undefined_object, undefined_function, feature_not_supported, insufficient_privilege.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const MISSING_CODES = new Set(['42704', '42883', '0A000', '42501'])

/** Which features of PostgreSQL an engine has: all of them, until an error says otherwise. */
export class Dialect {
  readonly #missing = new Set<Feature>()
  readonly #onMissing: (feature: Feature, reason: string) => void

  /** `onMissing` is called once for each feature that is found to be missing. */
  constructor(onMissing: (feature: Feature, reason: string) => void) {
    this.#onMissing = onMissing
  }

  has(feature: Feature): boolean {
    return !this.#missing.has(feature)
  }

  /** Notes the feature that an error says is missing. Returns whether there is a new one: then it is worth a retry. */
  noteMissing(error: unknown): boolean {
    if (!(error instanceof postgres.PostgresError) || !MISSING_CODES.has(error.code)) return false
    const feature = FEATURES.find((name) => this.has(name) && error.message.includes(name))
    if (feature === undefined) return false
    this.#missing.add(feature)
    this.#onMissing(feature, error.message)
    return true
  }
}
