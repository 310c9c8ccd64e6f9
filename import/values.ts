import type { DescribedColumn } from '../src/query/study.ts'
import type { Moments } from './question.ts'
import { caseOf, columnOf } from './sql.ts'

/** Names of columns that are moments, booleans or addresses, for when no database says what they are. */
const MOMENT =
  /(^|_)(timestamp|reset|at)$|^last_(auto)?(vacuum|analyze)$|^last_(seq|idx)_scan$|(^|_)start_time/
const FLAG = /^(is|has|can)_|(^|_)(active|enabled|in_recovery|ready|up)$/
const ADDRESS = /(^|_)(addr|address|ip|inet|host|replica|client)$/

/** Types whose text is no number for any exporter. */
const KINDS_OF_NO_NUMBER = ['duration', 'money', 'uuid']

/** The SQL of a label, as an exporter shows the column. `column` is what the database says of it. */
export function labelSql(name: string, column: DescribedColumn | undefined, moments: Moments): string {
  const source = columnOf(name)
  const isWritten =
    column === undefined ? ADDRESS.test(name) : ['inet', 'character', 'bpchar'].includes(column.type)
  // A cast adds the mask to an address, and takes the blanks from char(n). What a query shows is neither.
  if (isWritten) return `format('%s', ${source})`
  const moment = column?.kind === 'moment' ? momentSql(source, column.type, moments) : undefined
  return `coalesce(${moment ?? `${source}::text`}, '')`
}

function momentSql(source: string, type: string, moments: Moments): string | undefined {
  switch (moments) {
    case 'text':
      return undefined
    case 'seconds':
      return `floor(extract(epoch FROM ${source}))::bigint::text`
    case 'rfc3339': {
      const day = `to_char(${source}, 'YYYY-MM-DD"T"HH24:MI:SS')`
      if (type === 'date') return `to_char(${source}, 'YYYY-MM-DD"T00:00:00Z"')`
      return `${day} || coalesce(nullif(rtrim(to_char(${source}, '.US'), '0'), '.'), '') || 'Z'`
    }
  }
}

/** The SQL of a value, or the type of a column that is no number. */
export function valueSql(
  name: string,
  column: DescribedColumn | undefined,
): { readonly sql: string } | { readonly unfit: string } {
  const source = columnOf(name)
  if (column === undefined) return { sql: guessedSql(name, source) }
  if (KINDS_OF_NO_NUMBER.includes(column.kind) || column.type.endsWith('[]')) return { unfit: column.type }
  if (column.kind === 'boolean') return { sql: `${source}::int` }
  if (column.kind === 'moment') return { sql: `floor(extract(epoch FROM ${source}))` }
  return { sql: source }
}

/** Without a database only the name tells what a column is. */
function guessedSql(name: string, source: string): string {
  if (FLAG.test(name)) {
    return caseOf(` ${source}::text`, [
      "WHEN 'true' THEN '1'",
      "WHEN 'false' THEN '0'",
      `ELSE ${source}::text`,
    ])
  }
  if (!MOMENT.test(name)) return source
  // Without a time zone it is taken as of UTC, as the exporters take it.
  return caseOf(` pg_typeof(${source})`, [
    `WHEN 'timestamptz'::regtype THEN floor(extract(epoch FROM ${source}::text::timestamptz))::text`,
    `WHEN 'timestamp'::regtype THEN floor(extract(epoch FROM ${source}::text::timestamp))::text`,
    `WHEN 'date'::regtype THEN extract(epoch FROM ${source}::text::date)::text`,
    `ELSE ${source}::text`,
  ])
}
