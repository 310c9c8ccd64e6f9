import { identifier } from '../identifier.ts'
import type { Study, TimeColumn } from '../query/study.ts'
import type { DraftLabel, DraftMetric } from './draft.ts'
import { wordsOf } from './names.ts'
import { selectOf, spanOf } from './select.ts'

/** Stand for the bounds of a window in the text of a query, which has no such characters. */
export const FROM = '\u{F0000}'
export const TO = '\u{F0001}'

/** From how many rows on a table is large enough that counting only what is new pays by itself. */
const LARGE = 100_000
/** Words of columns that say when a row was made, and of columns that say something which changes. */
const MADE = new Set(
  'create created insert inserted occurred placed logged received recorded time timestamp ts at date event'.split(
    ' ',
  ),
)
const CHANGING = new Set(
  'update updated modified changed due expire expires delete deleted seen last next until end ends'.split(
    ' ',
  ),
)
const STATES = new Set('state status stage phase open active'.split(' '))

/** The column that a window could go by: an index serves it, and rows get it when they are made. */
export function timeColumnOf({ table }: Study): TimeColumn | undefined {
  const times = (table?.times ?? []).filter(
    ({ name, indexed, required }) => indexed && required && !wordsOf(name).some((word) => CHANGING.has(word)),
  )
  return (
    times.find(({ fallback }) => fallback !== null && /^(now\(\)|current_timestamp)/i.test(fallback)) ??
    times.find(({ name }) => wordsOf(name).some((word) => MADE.has(word)))
  )
}

/** Whether all that a query measures are counts or sums, which windows add up. */
export function canBeCounted(metrics: readonly DraftMetric[]): boolean {
  return metrics.every(({ adds, type }) => adds && type !== 'timestamp')
}

/**
 * Whether to count only what is new without being told to: the table is large, all of it is counted, and by nothing that
 * changes after a row was made.
 */
export function isBetterCounted(
  { table, columns }: Study,
  sql: string,
  labels: readonly DraftLabel[],
): boolean {
  const all = selectOf(sql)?.clauses.every(({ keyword }) => keyword !== 'where') ?? false
  const states = labels.some(({ column }) =>
    wordsOf(columns[column]?.name ?? '').some((word) => STATES.has(word)),
  )
  return (table?.rows ?? 0) >= LARGE && all && !states
}

/**
 * Adds the condition of a window to a query; undefined where that could change what else it means. Whoever uses the text
 * has the database compare it, without bounds, with the query as it was.
 */
export function windowed(sql: string, column: string): string | undefined {
  const select = selectOf(sql)
  if (select === undefined || select.commented) return undefined
  const { clauses } = select
  if (clauses.some(({ keyword }) => ['having', 'limit', 'offset'].includes(keyword))) return undefined
  const name = identifier(column)
  const condition = `${name} > ${FROM} AND ${name} <= ${TO}`
  const where = clauses.find(({ keyword }) => keyword === 'where')
  if (where !== undefined) {
    const { start, end } = spanOf(where.tokens)
    return `${sql.slice(0, start)}${condition} AND (${sql.slice(start, end)})${sql.slice(end)}`
  }
  const from = clauses.find(({ keyword }) => keyword === 'from')
  if (from === undefined) return undefined
  return `${sql.slice(0, from.end)} WHERE ${condition}${sql.slice(from.end)}`
}
