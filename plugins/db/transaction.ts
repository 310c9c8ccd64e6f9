import type { Begun, Standing } from '../../src/query/db.ts'
import { lockTimeout } from '../../src/query/lock-timeout.ts'
import { parseMoment } from '../../src/time/moment.ts'
import type { Dialect } from './dialect.ts'
import {
  lagColumn,
  least,
  momentOf,
  positionOf,
  type Replayed,
  recovers,
  replayedColumns,
  serverColumn,
  sourceColumn,
} from './replication.ts'
import { SETTINGS } from './settings.ts'

/** How long each statement of a transaction may take in milliseconds, and the snapshot that it reads; without one it takes its own. */
export interface Transaction {
  readonly statementTimeout: number
  readonly snapshot?: string
}

/** Says in pg_stat_activity and pg_stat_statements that a statement is of no collector. */
export const OWN_NAME = '/* metrics-service */'

/**
 * A database without an encoding holds any bytes. A query that asks it for UTF-8 fails at the first that are not.
 * https://www.postgresql.org/docs/current/multibyte.html#MULTIBYTE-AUTOMATIC-CONVERSION
 */
const KEEP_BYTES = `SELECT ${OWN_NAME} set_config('client_encoding', 'SQL_ASCII', true) WHERE getdatabaseencoding() = 'SQL_ASCII';`

/**
 * Milliseconds after which the server ends a transaction that is not heard of: the service has stopped, or the network has. A
 * service that has much to do is late with its next query, and must not lose its snapshot for that.
 */
const IDLE_TIMEOUT = 30_000

/** The longest time that a setting of the server holds, in milliseconds. */
const MAX_SETTING = 2 ** 31 - 1

/**
 * Names in our own statements are PostgreSQL's, whatever else the schemas of a role's search_path have.
 * https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS
 */
const ownNames = (dialect: Dialect) =>
  dialect.has('search_path') ? 'SET LOCAL search_path = pg_catalog;' : ''

/** The statements that ask a question of our own, in a transaction of its own: the third one returns the answer. */
function ownStatements(columns: string, dialect: Dialect): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY; ${ownNames(dialect)} SELECT ${OWN_NAME} ${columns}; ROLLBACK;`
}

/** The statements that ask for a Standing. */
export function standingStatements(dialect: Dialect): string {
  return ownStatements(standingColumns(dialect), dialect)
}

/** The statements that ask for a Replayed. What a later transaction of the session sees is at least that. */
export function replayedStatements(dialect: Dialect): string {
  return ownStatements(replayedColumns(dialect), dialect)
}

/**
 * Which result of several statements is that of a question of our own, and that of a transaction's begin: a statement
 * that returns rows begins a new result, and any other adds to the one before.
 */
const OWN = 1
const BEGUN = -1

/** Reads the results of `standingStatements`: the client's types know only one result. */
export function standingOf(results: readonly unknown[]): Standing {
  const [standing] = results[OWN] as readonly [Standing]
  return standing
}

/** Reads the results of `beginStatements`, which those of `replayedStatements` come before if they were `asked`. */
export function begunOf(results: readonly unknown[], asked: boolean): Begun {
  const [{ position, ...begun }] = results.at(BEGUN) as readonly [Begun & Replayed]
  const [before] = asked ? (results[OWN] as readonly [Replayed]) : [{ replayed: begun.replayed, position }]
  const within = positionOf(position)
  // A server that does not say what time it is costs its snapshot, and no collector more.
  parseMoment(begun.time)
  return {
    ...begun,
    // A pooler between may have asked one server and begun on another, so the lesser of the two counts.
    replayed: least(before.replayed, begun.replayed),
    sees: least(positionOf(before.position), within),
    within,
  }
}

/** The statements that start a read-only transaction; the last one returns what it sees. */
export function beginStatements({ snapshot, statementTimeout }: Transaction, dialect: Dialect): string {
  return `
    BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    ${snapshot === undefined ? '' : `SET TRANSACTION SNAPSHOT '${snapshot}';`}
    ${ownNames(dialect)}
    ${limitStatements(statementTimeout, dialect)}
    ${settingStatements(dialect)}
    ${dialect.has('getdatabaseencoding') ? KEEP_BYTES : ''}
    SELECT ${OWN_NAME} ${standingColumns(dialect)}, ${replayedColumns(dialect)}, ${sourceColumn(dialect)},
           ${dialect.has('pg_backend_pid') ? 'pg_backend_pid()' : 'NULL'} AS pid,
           ${momentOf('now()')} AS time`
}

/**
 * The statement that gives a transaction its search_path. It is sent alone: Pgpool-II looks at the first of several only, and
 * takes one that calls a volatile function for a write, after which it sends all of the transaction to the server that this
 * has begun on, and answers nothing from its cache.
 * https://www.pgpool.net/docs/43/en/html/runtime-config-load-balancing.html#GUC-DISABLE-LOAD-BALANCE-ON-WRITE
 */
export function searchPathStatement(searchPath: string, dialect: Dialect): string {
  if (!dialect.has('search_path')) return 'SELECT 1'
  return `SELECT ${OWN_NAME} pg_catalog.set_config('search_path', ${literal(searchPath)}, true)`
}

/**
 * The statements that undo what a transaction did, or a savepoint in it, and what is left of its session: locks and prepared
 * statements. https://www.postgresql.org/docs/current/sql-discard.html
 */
export function rollbackStatements(dialect: Dialect, savepoint?: string): string {
  const unlock = 'pg_advisory_unlock_all'
  return [
    savepoint === undefined ? 'ROLLBACK' : `ROLLBACK TO SAVEPOINT ${savepoint}`,
    ...(dialect.has('DEALLOCATE') ? ['DEALLOCATE ALL'] : []),
    ...(dialect.has(unlock) ? [`SELECT ${OWN_NAME} pg_catalog.${unlock}()`] : []),
  ].join('; ')
}

/** The statements that make a session read-only, with PostgreSQL's names, and a limit of milliseconds for its idleness. */
export function restrictStatements(idle: number, dialect: Dialect): string {
  const settings = [
    ['idle_session_timeout', Math.min(Math.ceil(idle), MAX_SETTING)],
    ['search_path', 'pg_catalog'],
    ['default_transaction_read_only', 'on'],
  ] as const
  const statements = settings
    .filter(([name]) => dialect.has(name))
    .map(([name, value]) => `SET ${name} = ${value};`)
  return `${statements.join(' ')} SELECT ${OWN_NAME} 1`
}

/** The statements that set limits in milliseconds for the rest of a transaction, except those that the engine lacks. */
export function limitStatements(statementTimeout: number, dialect: Dialect): string {
  const limits = [
    ['statement_timeout', statementTimeout],
    ['lock_timeout', lockTimeout(statementTimeout)],
    ['idle_in_transaction_session_timeout', IDLE_TIMEOUT],
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
    ${lagColumn(dialect)}, ${serverColumn(dialect)}`
}
