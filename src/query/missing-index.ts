import { unquote } from '../identifier.ts'
import { formatMoment, type Window } from '../time/moment.ts'
import { nameOf, type Reads, type Relation, type Scan } from './plan.ts'

/** A table on which no index serves a window, and the columns that are compared with the window's bounds. */
export interface MissingIndex {
  readonly table: string
  readonly columns: readonly string[]
}

/**
 * Finds the tables on which no index serves a window. `reads` are the reads of the query's plan, and of its plan without
 * sequential scans, because the planner reads a small table from end to end whatever its indexes are. An index serves
 * when its condition contains a bound of the window and the index's first key, which is in `keys`. Returns undefined when
 * the window is in no condition on a table, so that the query reads all of it.
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
  // No table is read at all when, for example, no partition is as new as the window.
  if (bound.length === 0) return scans.length === 0 ? [] : undefined
  const aliasOf = (scan: Scan) => `${nameOf(scan)} ${scan.alias}`
  const served = new Set(
    bound
      .filter(
        ({ schema, found, foreign }) =>
          foreign ||
          found.some(({ index, condition }) => {
            const key = keys.get(`${schema}.${index}`)
            return holds(condition) && key !== undefined && mentions(condition, key)
          }),
      )
      .map(aliasOf),
  )
  const missing = new Map<string, Set<string>>()
  for (const scan of bound) {
    if (served.has(aliasOf(scan))) continue
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
 * Returns the part of a moment that a plan shows in every time zone and every style of dates: its second with all its
 * digits.
 */
export function markOf(moment: bigint): string {
  const [second = '', digits = ''] = formatMoment(moment).slice(16, -1).split('.')
  const [, significant = ''] = /^(\d*[1-9])?0*$/.exec(digits) ?? []
  return significant === '' ? second : `${second}.${significant}`
}

/**
 * Returns whether a condition contains the first key of an index. A key that is an expression is assumed to be in it.
 */
function mentions(condition: string, key: string): boolean {
  return (
    /[^\w$"]/.test(key.replaceAll(/"[^"]*"/g, '')) ||
    condition.includes(`.${key} `) ||
    condition.includes(`.${key})`)
  )
}

/** Returns the columns of a relation in a condition, in which EXPLAIN VERBOSE puts the alias before each. */
function columnsOf(condition: string, alias: string): string[] {
  return namesIn(condition)
    .filter(({ of }) => unquote(of) === alias)
    .map(({ name }) => name)
}

/** A name in quotes, one without, or what is between names. */
const NAMES = /"(?:[^"]|"")*(?:"|$)|[\w$]+|[^"\w$]+/g

/** Characters after a name that say what it is. */
const NEXT = 16

/** The names in a condition, each with the name that is before it and a dot, if there is one, and with what follows it. */
export function namesIn(
  condition: string,
): { readonly of: string; readonly name: string; readonly next: string }[] {
  const tokens = [...condition.matchAll(NAMES)]
  return tokens.flatMap(({ 0: name, index }, i) => {
    if (!/^["\w$]/.test(name)) return []
    const of = tokens[i - 1]?.[0] === '.' ? (tokens[i - 2]?.[0] ?? '') : ''
    const end = index + name.length
    return [{ of, name, next: condition.slice(end, end + NEXT) }]
  })
}
