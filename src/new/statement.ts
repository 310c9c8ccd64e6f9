import type { Finding } from '../finding.ts'
import { quietParts } from '../query/code.ts'
import { changingCall } from '../query/writing.ts'

/** A query that a collector can ask: its text, and what to know about it. */
interface Statement {
  readonly sql: string
  readonly notes: readonly Finding[]
}

/** A query as a statement, or why it cannot be one. */
type StatementReading = { readonly statement: Statement } | { readonly obstacle: Finding }

/** Replaces all that is quoted or commented by as many blanks, so that the rest can be searched. */
function bare(sql: string): string {
  const parts: string[] = []
  let from = 0
  for (const { start, end } of quietParts(sql)) {
    parts.push(sql.slice(from, start), sql.slice(start, end).replace(/[^\n]/g, ' '))
    from = end
  }
  return parts.join('') + sql.slice(from)
}

/** Reads the one SELECT that a query must be, without the semicolon at its end. */
export function readStatement(query: string): StatementReading {
  const written = withoutEnd(query)
    .replace(/^\s*\n/, '')
    .trimEnd()
  const sql = written.includes('\n') ? written : written.trim()
  const text = bare(sql)
  const obstacle = obstacleIn(text) ?? callIn(sql)
  if (obstacle !== undefined) return { obstacle }
  const notes: Finding[] = []
  if (/\{\{|\$\{/.test(sql))
    notes.push({ problem: 'A text in the query has a template in it, and nothing expands that here' })
  if (text.includes('`')) {
    notes.push({
      problem: 'The query quotes with `, which PostgreSQL does not',
      advice: 'it quotes names with "',
    })
  }
  return { statement: { sql, notes } }
}

/** A query without the semicolon at its end, and what comes after it. */
function withoutEnd(query: string): string {
  const text = bare(query)
  let end = text.length
  while (end > 0 && /[\s;]/.test(text.charAt(end - 1))) end--
  const semicolon = text.indexOf(';', end)
  return semicolon === -1 ? query : query.slice(0, semicolon)
}

/** Why a bare text is not one SELECT that only reads; undefined if it is. */
function obstacleIn(text: string): Finding | undefined {
  const [, word] = /^[\s(]*(\w+)/.exec(text) ?? []
  if (word === undefined) return { problem: 'it has no query' }
  if (text.includes(';')) {
    return { problem: 'its query is several statements', advice: 'write it as one SELECT' }
  }
  const [template] = /\{\{|\$\{|\$\d+/.exec(text) ?? []
  if (template !== undefined) {
    return {
      problem: `its query has a place that something else fills in ("${template}")`,
      advice: 'write the value itself',
    }
  }
  if (!/^(select|with|values|table)$/i.test(word)) {
    return { problem: `its query is a ${word.toUpperCase()}`, advice: 'a collector asks one SELECT' }
  }
  if (
    /\b(into|delete\s+from|update\s+\S+\s+set|for\s+(no\s+key\s+update|update|key\s+share|share))\b/i.test(
      text,
    )
  ) {
    return { problem: 'its query writes or locks rows, and a collector reads only' }
  }
  return undefined
}

/** Why a statement does not only read, by the functions that it calls. */
function callIn(sql: string): Finding | undefined {
  const name = changingCall(sql)
  if (name === undefined) return undefined
  return { problem: `its query calls ${name}, which changes something, and a collector reads only` }
}

/** Whether a text or a quoted name of the SQL has several lines, so that indenting would change it. */
export function hasLongQuotes(sql: string): boolean {
  return Array.from(quietParts(sql), ({ start, end }) => sql.slice(start, end)).some(
    (quiet) => quiet.includes('\n') && !quiet.startsWith('/*'),
  )
}
