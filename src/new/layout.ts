import { WIDTH } from './code.ts'
import { spanOf, type Token, tokensOf } from './select.ts'
import { hasLongQuotes } from './statement.ts'

/** Keywords that begin a line, the first of which end where SELECT does. */
const LINES = new Set(['from', 'where', 'group', 'having', 'order', 'limit', 'offset', 'join'])
const JOINS = new Set(['left', 'right', 'full', 'inner', 'cross', 'natural'])
const KEYWORDS = new Set([
  ...LINES,
  ...JOINS,
  'select',
  'by',
  'as',
  'on',
  'and',
  'or',
  'not',
  'outer',
  'asc',
  'desc',
])

/** Writes a query of one line as the collectors of the service are written: a clause a line. */
export function layOut(sql: string): string {
  const tokens = tokensOf(sql)
  const lines = sql.split('\n')
  if (lines.length > 1 || tokens.some(({ kind }) => kind === 'comment')) return indented(sql)
  const starts = new Set<number>()
  for (const [i, { text, depth, kind }] of tokens.entries()) {
    const word = kind === 'word' && depth === 0 ? text.toLowerCase() : ''
    const before = tokens[i - 1]?.text.toLowerCase() ?? ''
    const next = tokens[i + 1]?.text.toLowerCase() ?? ''
    const joins = JOINS.has(word) && ['join', 'outer', ...JOINS].includes(next)
    const begins =
      (word === 'from' && before !== 'distinct') ||
      (word === 'join' && !JOINS.has(before) && before !== 'outer') ||
      (joins && !JOINS.has(before)) ||
      (['group', 'order'].includes(word) && next === 'by') ||
      ['where', 'having', 'limit', 'offset'].includes(word)
    if (begins) starts.add(i)
  }
  const parts: Token[][] = [[]]
  for (const [i, token] of tokens.entries()) {
    if (starts.has(i)) parts.push([])
    parts.at(-1)?.push(token)
  }
  return parts.map((part) => clauseLine(sql, part)).join('\n')
}

function clauseLine(sql: string, tokens: readonly Token[]): string {
  const { start, end } = spanOf(tokens)
  let text = ''
  let from = start
  for (const token of tokens) {
    const written = token.kind === 'word' && token.depth === 0 && KEYWORDS.has(token.text.toLowerCase())
    text += sql.slice(from, token.start) + (written ? token.text.toUpperCase() : token.text)
    from = token.end
  }
  text += sql.slice(from, end)
  const [first = ''] = text.split(/\s/, 1)
  const line = `${' '.repeat(4 + Math.max(6 - first.length, 0))}${text}`
  if (line.length <= WIDTH || first !== 'SELECT') return line
  return breakList(text)
}

/** A list of columns, one a line. */
function breakList(text: string): string {
  const parts: string[] = []
  let from = 0
  for (const { text: symbol, depth, start, end } of tokensOf(text)) {
    if (symbol !== ',' || depth > 0) continue
    parts.push(text.slice(from, start).trim())
    from = end
  }
  parts.push(text.slice(from).trim())
  return `    ${parts.join(',\n           ')}`
}

/** A query of several lines, moved to where queries begin. */
function indented(sql: string): string {
  if (hasLongQuotes(sql)) return `    ${sql}`
  const lines = sql.split('\n')
  const rest = lines.slice(1).filter((line) => line.trim() !== '')
  const common = Math.min(...rest.map((line) => line.length - line.trimStart().length))
  const [first = ''] = lines
  const own = first.length - first.trimStart().length
  const least = Number.isFinite(common) ? Math.min(common, own) : own
  return lines.map((line) => `    ${line.slice(least)}`.trimEnd()).join('\n')
}
