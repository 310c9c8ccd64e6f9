/**
 * A statement in which each character of a text or a comment is a blank, and so is what is in the quotes of a name: what is
 * left can be searched for words, and is at its place.
 */
export function codeOf(statement: string): string {
  let code = ''
  while (code.length < statement.length) {
    const at = code.length
    const ends = endOfQuoted(statement, at)
    const quoted = statement.slice(at, ends)
    code += ends === at ? statement[at] : blank(quoted)
  }
  return code
}

/** Blanks but for the ends of lines, and the quotes. */
function blank(quoted: string): string {
  const inside = quoted.replaceAll(/[^\n]/g, ' ')
  const first = quoted[0] ?? ''
  return first === "'" || first === '"' ? first + inside.slice(1, -1) + first : inside
}

/** The index behind the text, name or comment that begins at an index; that index where none does. */
function endOfQuoted(statement: string, at: number): number {
  const rest = (mark: string, from: number) => {
    const found = statement.indexOf(mark, from)
    return found < 0 ? statement.length : found + mark.length
  }
  const first = statement[at]
  if (statement.startsWith('--', at)) return rest('\n', at) - (statement.includes('\n', at) ? 1 : 0)
  if (statement.startsWith('/*', at)) return rest('*/', at + 2)
  if (first === '"') return rest('"', at + 1)
  if (first === "'") return endOfText(statement, at, /[eE]/.test(statement[at - 1] ?? ''))
  const [mark] = first === '$' ? (/^\$[A-Za-z_]{0,63}\$/.exec(statement.slice(at, at + 65)) ?? []) : []
  return mark === undefined ? at : rest(mark, at + mark.length)
}

function endOfText(statement: string, begins: number, escaped: boolean): number {
  for (let at = begins + 1; at < statement.length; at++) {
    if (escaped && statement[at] === '\\') at++
    else if (statement[at] === "'") return at + 1
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
