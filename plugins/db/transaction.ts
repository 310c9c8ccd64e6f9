import type { Dialect } from './dialect.ts'
import { lagColumn, recovers, replayedColumns, sourceColumn } from './replication.ts'
import { SETTINGS } from './settings.ts'

/** Limits of a transaction or of a savepoint, in milliseconds. */
export interface Limits {
  readonly statementTimeout: number
  readonly idleTimeout: number
}

/** A transaction's limits, and the exported snapshot that it reads; without one it takes its own. */
export interface Transaction extends Limits {
  readonly snapshot?: string
}

/** Milliseconds a statement waits for a lock: long enough for a short DDL, too short to queue behind a long one. */
const LOCK_TIMEOUT = 5000

/**
 * A database without an encoding holds any bytes. A query that asks it for UTF-8 fails at the first that are not.
 * https://www.postgresql.org/docs/current/multibyte.html#MULTIBYTE-AUTOMATIC-CONVERSION
 */
const KEEP_BYTES = `SELECT set_config('client_encoding', 'SQL_ASCII', true) WHERE getdatabaseencoding() = 'SQL_ASCII';`

/** The longest time that a setting of the server holds, in milliseconds. */
const MAX_SETTING = 2 ** 31 - 1

/** The statement that asks for a Standing. */
export function standingStatement(dialect: Dialect): string {
  return `SELECT ${standingColumns(dialect)}`
}

/**
 * The statements that ask what a standby has replayed, in a transaction of their own: the second one returns a Replayed.
 * What a later transaction of the session sees is at least that.
 */
export function replayedStatements(dialect: Dialect): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY; SELECT ${replayedColumns(dialect)}; COMMIT;`
}

/** The statements that start a read-only transaction with a search_path; the last one returns what it sees. */
export function beginStatements(
  { snapshot, ...limits }: Transaction,
  searchPath: string,
  dialect: Dialect,
): string {
  return `
    BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    ${snapshot === undefined ? '' : `SET TRANSACTION SNAPSHOT '${snapshot}';`}
    ${limitStatements(limits, dialect)}
    ${settingStatements(dialect)}
    ${dialect.has('search_path') ? `SELECT set_config('search_path', ${literal(searchPath)}, true);` : ''}
    ${dialect.has('getdatabaseencoding') ? KEEP_BYTES : ''}
    SELECT ${standingColumns(dialect)}, ${replayedColumns(dialect)}, ${sourceColumn(dialect)}, ${dialect.has('pg_backend_pid') ? 'pg_backend_pid()' : 'NULL'} AS pid,
           to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time`
}

/** The statements that set limits for the rest of a transaction, except those that the engine lacks. */
export function limitStatements({ statementTimeout, idleTimeout }: Limits, dialect: Dialect): string {
  const limits = [
    ['statement_timeout', statementTimeout],
    ['lock_timeout', Math.min(LOCK_TIMEOUT, statementTimeout)],
    ['idle_in_transaction_session_timeout', idleTimeout],
  ] as const
  return limits
    .filter(([name]) => dialect.has(name))
    .map(([name, milliseconds]) => `SET LOCAL ${name} = ${Math.min(Math.ceil(milliseconds), MAX_SETTING)};`)
    .join(' ')
}

function settingStatements(dialect: Dialect): string {
  return SETTINGS.filter(([name]) => dialect.has(name))
    .map(([name, value]) => `SET LOCAL ${name} = ${value};`)
    .join(' ')
}

/** A text as SQL, whatever standard_conforming_strings was when the transaction began. */
function literal(text: string): string {
  return `E'${text.replaceAll(/['\\]/g, '$&$&')}'`
}

function standingColumns(dialect: Dialect): string {
  return `${recovers(dialect)} AS "inRecovery", current_setting('default_transaction_read_only') = 'on' AS "readOnly",
    ${lagColumn(dialect)}`
}
