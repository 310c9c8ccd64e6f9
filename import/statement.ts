import type { Finding } from '../src/finding.ts'

/**
 * What is in quotes, between dollars, or in a comment.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
const QUIET =
  /\bE'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([a-z_]\w*|)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\//gi

/** A query that a collector can ask: its text, and what to know about it. */
interface Statement {
  readonly sql: string
  readonly notes: readonly Finding[]
}

/** A query as a statement, or why it cannot be one. */
type StatementReading = { readonly statement: Statement } | { readonly obstacle: Finding }

/** Replaces all that is quoted or commented by as many blanks, so that the rest can be searched. */
function bare(sql: string): string {
  return sql.replace(QUIET, (quiet) => quiet.replace(/[^\n]/g, ' '))
}

/** Reads the one SELECT that a query must be, without the semicolon at its end. */
export function readStatement(query: string): StatementReading {
  const end = /;[\s;]*$/.exec(bare(query))?.index
  const written = query
    .slice(0, end)
    .replace(/^\s*\n/, '')
    .trimEnd()
  const sql = written.includes('\n') ? written : written.trim()
  const text = bare(sql)
  const obstacle = obstacleIn(text)
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
    /\b(insert\s+into|delete\s+from|merge\s+into|update\s+\S+\s+set|for\s+(no\s+key\s+update|update|key\s+share|share))\b/i.test(
      text,
    )
  ) {
    return { problem: 'its query writes or locks rows, and a collector reads only' }
  }
  return undefined
}

/** Whether a text or a quoted name of the SQL has several lines, so that indenting would change it. */
export function hasLongQuotes(sql: string): boolean {
  return [...sql.matchAll(QUIET)].some(([quiet]) => quiet.includes('\n') && !quiet.startsWith('/*'))
}

/** A column of the inner query, spelled for PostgreSQL. */
export function columnOf(name: string): string {
  return `source.${identifier(name)}`
}

/** A name spelled for PostgreSQL. After AS or a dot no word needs quotes, not even a keyword. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A CASE of several lines, indented for the list of columns. */
export function caseOf(subject: string, branches: readonly string[]): string {
  const indent = ' '.repeat(11)
  return [`CASE${subject}`, ...branches.map((branch) => `${indent}  ${branch}`), `${indent}END`].join('\n')
}
