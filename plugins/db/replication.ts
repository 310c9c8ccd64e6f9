// What a server says of the past that it sees. Imports its own folder only.
import type { Dialect, Feature } from './dialect.ts'

/** A timestamptz as a text, in SQL: ISO 8601 in UTC, with microseconds. */
export function momentOf(expression: string): string {
  return `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

/** What a standby has replayed. */
export interface Replayed {
  /** The moment of the last commit that it has replayed: ISO 8601 in UTC, with microseconds. */
  readonly replayed: string | null
  /** Its position in the WAL, as PostgreSQL writes one: two hexadecimal numbers. */
  readonly position: string | null
}

/**
 * The columns of a Replayed; on a primary the position is that of its WAL. The clock of a standby says nothing of what
 * it has replayed. https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-RECOVERY-INFO-TABLE
 */
export function replayedColumns(dialect: Dialect): string {
  const replayed = use(dialect, 'pg_last_xact_replay_timestamp')
  const [replay, current] = [
    use(dialect, 'pg_last_wal_replay_lsn'),
    use(dialect, 'pg_current_wal_insert_lsn'),
  ]
  return `
    ${momentOf(`${replayed}::timestamptz`)} AS replayed,
    CASE WHEN ${recovers(dialect)} THEN ${replay}::text ELSE ${current}::text END AS position`
}

/**
 * The column with the lag of a standby in seconds. One that has replayed all that it receives is not behind, however
 * long ago the last commit was.
 */
export function lagColumn(dialect: Dialect): string {
  const [replay, receive, replayed] = [
    use(dialect, 'pg_last_wal_replay_lsn'),
    use(dialect, 'pg_last_wal_receive_lsn'),
    use(dialect, 'pg_last_xact_replay_timestamp'),
  ]
  const receives = dialect.has('pg_stat_get_wal_receiver')
    ? `EXISTS (SELECT FROM pg_stat_get_wal_receiver() AS receiver WHERE receiver.pid IS NOT NULL)`
    : 'false'
  return `
    CASE WHEN NOT ${recovers(dialect)} THEN 0
         WHEN ${replay} >= ${receive} AND ${receives} THEN 0
         ELSE greatest(extract(epoch FROM clock_timestamp() - ${replayed}::timestamptz), 0) END::float8 AS lag`
}

/** The column that tells a database from others: a standby has the identifier of its primary. */
export function sourceColumn(dialect: Dialect): string {
  const system = dialect.has('pg_control_system')
    ? `(SELECT system_identifier::text FROM pg_control_system())`
    : `''`
  return `${system} || '/' || current_database() AS source`
}

/** The column that tells a server from others: when it was started. */
export function serverColumn(dialect: Dialect): string {
  return `${momentOf(`${use(dialect, 'pg_postmaster_start_time')}::timestamptz`)} AS server`
}

/** Whether the server is in recovery, in SQL. */
export function recovers(dialect: Dialect): string {
  return dialect.has('pg_is_in_recovery') ? 'pg_is_in_recovery()' : 'false'
}

/** Reads a position in the WAL: https://www.postgresql.org/docs/current/datatype-pg-lsn.html */
export function positionOf(text: string | null): bigint | null {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/.exec(text ?? '') ?? []
  if (high === undefined || low === undefined) return null
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

function use(dialect: Dialect, name: Feature): string {
  return dialect.has(name) ? `${name}()` : 'NULL'
}

/** The lesser of two; null when one of them is not known. */
export function least<T extends string | bigint>(a: T | null, b: T | null): T | null {
  if (a === null || b === null) return null
  return a < b ? a : b
}
