import type { Role } from '../../src/config/database-url.ts'
import type { Dialect } from './dialect.ts'

/** Limits of one transaction, or of a part of it, in milliseconds. */
export interface Limits {
  readonly statementTimeout: number
  readonly idleTimeout: number
}

/** A transaction's limits, and the snapshot that it reads; without one it takes its own. */
export interface Transaction extends Limits {
  readonly snapshot?: string
}

/** What the start of a transaction tells. */
export interface Begun extends Role {
  /** The server process, which pg_cancel_backend takes; null where the engine does not tell. */
  readonly pid: number | null
  /** The transaction's time by the database's clock: ISO 8601 in UTC, with microseconds. */
  readonly time: string
}

/** Milliseconds a statement waits for a lock: long enough for a passing DDL, short enough not to queue behind one. */
const LOCK_TIMEOUT = 5000

/**
 * A database without an encoding holds bytes of any: asked for UTF-8, it would fail the query at the first that is none.
 * https://www.postgresql.org/docs/current/multibyte.html#MULTIBYTE-AUTOMATIC-CONVERSION
 */
const BYTES = `SELECT set_config('client_encoding', 'SQL_ASCII', true) WHERE getdatabaseencoding() = 'SQL_ASCII';`

/** The statement that asks for a Role. */
export function askRole(dialect: Dialect): string {
  return `SELECT ${columnsOfRole(dialect)}`
}

/** The statements that start a read-only transaction, of which the last returns what it tells. */
export function begin({ snapshot, ...limits }: Transaction, dialect: Dialect): string {
  return `
    BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    ${snapshot === undefined ? '' : `SET TRANSACTION SNAPSHOT '${snapshot}';`}
    ${limit(limits, dialect)}
    ${dialect.has('getdatabaseencoding') ? BYTES : ''}
    SELECT ${columnsOfRole(dialect)}, ${dialect.has('pg_backend_pid') ? 'pg_backend_pid()' : 'NULL'} AS pid,
           to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time`
}

/** The statements that set limits for the rest of a transaction, as far as the engine has them. */
export function limit({ statementTimeout, idleTimeout }: Limits, dialect: Dialect): string {
  const limits = {
    statement_timeout: statementTimeout,
    lock_timeout: Math.min(LOCK_TIMEOUT, statementTimeout),
    idle_in_transaction_session_timeout: idleTimeout,
  }
  return (Object.keys(limits) as (keyof typeof limits)[])
    .filter((name) => dialect.has(name))
    .map((name) => `SET LOCAL ${name} = ${Math.ceil(limits[name])};`)
    .join(' ')
}

function columnsOfRole(dialect: Dialect): string {
  const inRecovery = dialect.has('pg_is_in_recovery') ? 'pg_is_in_recovery()' : 'false'
  return `${inRecovery} AS "inRecovery", current_setting('default_transaction_read_only') = 'on' AS "readOnly"`
}
