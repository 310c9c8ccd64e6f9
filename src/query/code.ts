/**
 * What of a statement is a text, a name in quotes or a comment, one after the other. A text begins with the E before it.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export function* quietParts(statement: string): Generator<{ readonly start: number; readonly end: number }> {
  for (let start = 0; start < statement.length; start++) {
    const end = endOfQuiet(statement, start)
    if (end === start) continue
    yield { start, end }
    start = end - 1
  }
}

/**
 * A statement in which each character of a text or a comment is a blank, and so is what is in the quotes of a name: what is
 * left can be searched for words, and is at its place.
 */
export function codeOf(statement: string): string {
  const parts: string[] = []
  let from = 0
  for (const { start, end } of quietParts(statement)) {
    parts.push(statement.slice(from, start), blank(statement.slice(start, end)))
    from = end
  }
  return parts.join('') + statement.slice(from)
}

/** Blanks but for the ends of lines, and the quotes. */
function blank(quiet: string): string {
  const [, opening = ''] = /^(E?'|")/i.exec(quiet) ?? []
  const closing = quiet.length > opening.length ? opening.slice(-1) : ''
  const inside = quiet.slice(opening.length, quiet.length - closing.length)
  return opening + inside.replaceAll(/[^\n]/g, ' ') + closing
}

/** The index behind the text, name or comment that begins at an index; that index where none does. */
function endOfQuiet(statement: string, at: number): number {
  const first = statement[at] ?? ''
  if (first === "'" || first === '"') return endOfQuotes(statement, at, false)
  if (/[eE]/.test(first) && statement[at + 1] === "'" && !/\w/.test(statement[at - 1] ?? ''))
    return endOfQuotes(statement, at + 1, true)
  if (statement.startsWith('--', at)) return indexBehind(statement, '\n', at, 0)
  if (statement.startsWith('/*', at)) return indexBehind(statement, '*/', at + 2)
  const [mark] = first === '$' ? (/^\$(?:[a-z_]\w{0,62})?\$/i.exec(statement.slice(at, at + 65)) ?? []) : []
  return mark === undefined ? at : indexBehind(statement, mark, at + mark.length)
}

/** The index behind a mark, or so many characters after its begin; the end of the statement where it has none. */
function indexBehind(statement: string, mark: string, from: number, length = mark.length): number {
  const found = statement.indexOf(mark, from)
  return found < 0 ? statement.length : found + length
}

/** The index behind what is between two quotes, in which two of them are one, and a backslash may escape one. */
function endOfQuotes(statement: string, begins: number, escaped: boolean): number {
  const quote = statement[begins]
  for (let at = begins + 1; at < statement.length; at++) {
    if (escaped && statement[at] === '\\') at++
    else if (statement[at] !== quote) continue
    else if (statement[at + 1] === quote) at++
    else return at + 1
  }
  return statement.length
}

/** The first word of a statement, in capitals; empty if it has none. */
export function firstWordOf(statement: string): string {
  const [word = ''] = /[a-z]+/i.exec(codeOf(statement)) ?? []
  return word.toUpperCase()
}

/** Whether a statement is a question, by its first word. */
export function isSelect(statement: string): boolean {
  return ['SELECT', 'WITH', 'TABLE'].includes(firstWordOf(statement))
}
