import { formatMoment, type Window } from '../time/moment.ts'
import { nameOf, type Reads, type Relation, type Scan } from './plan.ts'

/** A table that a window is asked of and no index serves; the columns that are compared with the window's bounds. */
export interface MissingIndex {
  readonly table: string
  readonly columns: readonly string[]
}

/**
 * The tables for which no index serves a window, given what a query reads and what it would read were no table to be
 * read from end to end: a small one is read so whatever its indexes are. An index serves when the condition by which
 * rows are found in it holds a bound of the window and its first key; `keys` has that of each index. Undefined when the
 * window is in no condition on a table, so that all of it is read.
 */
export function missingIndexes(
  reads: readonly Reads[],
  window: Window,
  relations: ReadonlyMap<string, Relation>,
  keys: ReadonlyMap<string, string>,
): MissingIndex[] | undefined {
  const scans = reads.flatMap(({ scans }) => scans)
  const marks = [window.from, window.to].map(markOf)
  const holds = (condition: string) => marks.some((mark) => condition.includes(mark))
  const bound = scans.filter(
    ({ found, filter }) => holds(filter) || found.some(({ condition }) => holds(condition)),
  )
  // Where no table is read at all, as when no partition is as new as the window, there is nothing to say.
  if (bound.length === 0) return scans.length === 0 ? [] : undefined
  const placeOf = (scan: Scan) => `${nameOf(scan)} ${scan.alias}`
  const served = new Set(
    bound
      .filter(
        ({ schema, found, foreign }) =>
          foreign ||
          found.some(
            ({ index, condition }) =>
              holds(condition) && mentions(condition, keys.get(`${schema}.${index}`) ?? ''),
          ),
      )
      .map(placeOf),
  )
  const missing = new Map<string, Set<string>>()
  for (const scan of bound) {
    if (served.has(placeOf(scan))) continue
    const table = relations.get(nameOf(scan))?.table ?? nameOf(scan)
    const columns = missing.get(table) ?? new Set()
    missing.set(table, columns)
    const conditions = [scan.filter, ...scan.found.map(({ condition }) => condition)]
    for (const part of conditions.flatMap((text) => text.split(' AND ')).filter(holds)) {
      for (const column of columnsOf(part, scan.alias)) columns.add(column)
    }
  }
  return [...missing].map(([table, columns]) => ({ table, columns: [...columns] }))
}

/**
 * What of a moment a plan shows whatever the time zone is and the style of dates: its second, in all its digits. In a
 * plan it may stand as a date and time with or without a zone.
 */
function markOf(moment: bigint): string {
  return formatMoment(moment)
    .slice(16, -1)
    .replace(/\.?0+$/, '')
}

/** Whether a condition has the first key of an index in it; where that is an expression, it is taken for granted. */
function mentions(condition: string, key: string): boolean {
  return (
    /[^\w$"]/.test(key.replaceAll(/"[^"]*"/g, '')) ||
    condition.includes(`.${key} `) ||
    condition.includes(`.${key})`)
  )
}

/** The columns of a relation in a condition, where EXPLAIN VERBOSE has its alias before each. */
function columnsOf(condition: string, alias: string): string[] {
  const names = /("(?:[^"]|"")+"|[\w$]+)\.("(?:[^"]|"")+"|[\w$]+)/g
  return Array.from(condition.matchAll(names))
    .filter(([, of = '']) => unquote(of) === alias)
    .map(([, , column = '']) => column)
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}
