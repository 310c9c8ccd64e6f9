import { identifier } from '../identifier.ts'
import type { StudiedColumn } from '../query/study.ts'
import { asIs, type Draft, type DraftLabel, type DraftMetric } from './draft.ts'
import { selectOf, spanOf, type Token } from './select.ts'
import { hasLongQuotes } from './statement.ts'

type DraftColumn = DraftLabel | DraftMetric

/** The columns of a draft, in the order of the query. */
export function columnsOf({ labels, metrics }: Draft): DraftColumn[] {
  return [...labels, ...metrics].sort((a, b) => a.column - b.column)
}

/**
 * Names the columns of a query as a collector does, around it: as a subquery, whose own names stay. That is right for any
 * query that returns rows.
 */
export function wrap(sql: string, draft: Draft, columns: readonly StudiedColumn[]): string {
  const names = columns.map(({ name }) => name)
  const listed = new Set(names).size < names.length || names.includes('?column?')
  const own = listed ? names.map((name, i) => (isClear(names, i) ? name : `value_${i + 1}`)) : names
  const items = columnsOf(draft).map((column) => {
    const inner = own[column.column] ?? ''
    const value = column.expression(`q.${identifier(inner)}`)
    return column.expression === asIs && inner === column.name
      ? value
      : `${value} AS ${identifier(column.name)}`
  })
  const list = listed ? ` (${own.map(identifier).join(', ')})` : ''
  const indent = ' '.repeat(13)
  const inner = hasLongQuotes(sql)
    ? sql
    : sql
        .split('\n')
        .map((line) => `${indent}${line}`.trimEnd())
        .join('\n')
  return `    SELECT ${items.join(',\n           ')}\n      FROM (\n${inner}\n           ) AS q${list}`
}

function isClear(names: readonly string[], i: number): boolean {
  const name = names[i] ?? ''
  return name !== '?column?' && names.indexOf(name) === i
}

/**
 * Names the columns in the list of a query itself; undefined where its parts cannot be told for certain. Whoever uses the
 * text has the database compare it with that of `wrap`.
 */
export function renamed(sql: string, draft: Draft): string | undefined {
  const select = selectOf(sql)
  const columns = columnsOf(draft)
  if (select === undefined || select.items.length !== columns.length) return undefined
  let text = ''
  let from = 0
  for (const [i, tokens] of select.items.entries()) {
    const item = itemOf(tokens)
    const column = columns[i]
    if (item === undefined || column === undefined) return undefined
    const { start, end } = spanOf(tokens)
    const value = column.expression(sql.slice(start, item.end))
    const named = column.expression === asIs && item.name === column.name
    text += `${sql.slice(from, start)}${value}${named ? '' : ` AS ${identifier(column.name)}`}`
    from = end
  }
  return text + sql.slice(from)
}

/** Where the expression of an item ends, and its name as far as it is certain. */
function itemOf(tokens: readonly Token[]): { readonly end: number; readonly name?: string } | undefined {
  const last = tokens.at(-1)
  const before = tokens.at(-2)
  if (last === undefined) return undefined
  if (before?.kind === 'word' && before.text.toLowerCase() === 'as') {
    const end = tokens.at(-3)?.end
    return end === undefined ? undefined : { end, name: last.kind === 'word' ? last.text.toLowerCase() : '' }
  }
  if (before?.text === '::' && last.kind === 'word') return { end: last.end }
  const isPath = tokens.every(({ kind, text }, i) =>
    i % 2 === 0 ? kind === 'word' || kind === 'name' : text === '.',
  )
  if (isPath) return { end: last.end, name: last.kind === 'word' ? last.text.toLowerCase() : '' }
  return last.text === ')' && last.depth === 0 ? { end: last.end } : undefined
}
