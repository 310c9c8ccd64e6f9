import { quietParts } from '../query/code.ts'

/** A piece of SQL, and how many parentheses it is in. */
export interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly depth: number
  readonly kind: 'word' | 'name' | 'literal' | 'comment' | 'symbol'
}

const PLAIN = /[a-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d[\w.]*|::|\S/gi
const WORD = /^[a-z_\u0080-\uffff]/i

/** The tokens of a query. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = []
  let depth = 0
  let from = 0
  for (const { start, end } of [...quietParts(sql), { start: sql.length, end: sql.length }]) {
    for (const { 0: text, index } of sql.slice(from, start).matchAll(PLAIN)) {
      if (text === ')' || text === ']') depth--
      const at = from + index
      tokens.push({
        text,
        start: at,
        end: at + text.length,
        depth,
        kind: WORD.test(text) ? 'word' : 'symbol',
      })
      if (text === '(' || text === '[') depth++
    }
    const text = sql.slice(start, end)
    if (text !== '') tokens.push({ text, start, end, depth, kind: quietKindOf(text) })
    from = end
  }
  return tokens
}

function quietKindOf(text: string): Token['kind'] {
  if (text.startsWith('"')) return 'name'
  return text.startsWith('--') || text.startsWith('/*') ? 'comment' : 'literal'
}

/** A clause of a query: its keyword, and the tokens after it. */
export interface Clause {
  readonly keyword: string
  readonly start: number
  readonly end: number
  readonly tokens: readonly Token[]
}

/** A query that is one plain SELECT: nothing is before it, and it is no part of a UNION or the like. */
export interface Select {
  /** The tokens of each item of its list. */
  readonly items: readonly (readonly Token[])[]
  readonly clauses: readonly Clause[]
  readonly commented: boolean
}

const KEYWORDS = ['select', 'from', 'where', 'group', 'having', 'order', 'limit', 'offset']
/** What makes it another kind of query, at any place of its first level. */
const OTHERS = ['union', 'intersect', 'except', 'distinct', 'all', 'into', 'window', 'fetch', 'for', 'with']

/** Takes a query apart; undefined when it is no plain SELECT. */
export function selectOf(sql: string): Select | undefined {
  const all = tokensOf(sql)
  const tokens = all.filter(({ kind }) => kind !== 'comment')
  const clauses: { keyword: string; start: number; end: number; tokens: Token[] }[] = []
  for (const [i, token] of tokens.entries()) {
    const word = token.kind === 'word' && token.depth === 0 ? token.text.toLowerCase() : ''
    if (isKeyword(word, tokens, i)) {
      clauses.push({ keyword: word, start: token.start, end: token.end, tokens: [] })
      continue
    }
    const clause = clauses.at(-1)
    if (clause === undefined || (OTHERS.includes(word) && !isPartOfTerm(word, tokens, i))) return undefined
    clause.tokens.push(token)
    clause.end = token.end
  }
  const order = clauses.map(({ keyword }) => KEYWORDS.indexOf(keyword))
  if (order[0] !== 0 || order.some((place, i) => i > 0 && place <= (order[i - 1] ?? 0))) return undefined
  const [{ tokens: list } = { tokens: [] }] = clauses
  return { items: split(list), clauses, commented: all.length > tokens.length }
}

function isKeyword(word: string, tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1]?.text.toLowerCase()
  const after = tokens[i + 1]?.text.toLowerCase()
  if (!KEYWORDS.includes(word) || before === '.') return false
  if (word === 'from') return before !== 'distinct'
  return (word !== 'group' && word !== 'order') || after === 'by'
}

/** IS DISTINCT FROM and WITH TIME ZONE. */
function isPartOfTerm(word: string, tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1]?.text.toLowerCase() ?? ''
  const after = tokens[i + 1]?.text.toLowerCase()
  if (before === '.') return true
  return word === 'distinct' ? ['is', 'not'].includes(before) : word === 'with' && after === 'time'
}

/** The parts of a list. */
function split(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]]
  for (const token of tokens) {
    if (token.text === ',' && token.depth === 0) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts
}

/** The keyword of a clause, and what is in it, as one line. */
export function spanOf(tokens: readonly Token[]): { readonly start: number; readonly end: number } {
  return { start: tokens[0]?.start ?? 0, end: tokens.at(-1)?.end ?? 0 }
}
