/** What of a statement is no code: texts, names in quotes, and comments. */
const QUOTED =
  /\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/g

/**
 * A statement in which each character of a text or a comment is a blank, and so is what is in the quotes of a name: what is
 * left can be searched for words, and is at its place.
 */
export function codeOf(statement: string): string {
  return statement.replaceAll(QUOTED, (quoted) => {
    const [first = ''] = quoted
    if (first === '-' || first === '/') return quoted.replaceAll(/[^\n]/g, ' ')
    const end = quoted.at(-1) ?? ''
    return first + quoted.slice(1, -1).replaceAll(/[^\n]/g, ' ') + end
  })
}

/** The first word of a statement, in capitals; empty if it has none. */
export function firstWordOf(statement: string): string {
  return /^[\s(]*([a-z]+)/i.exec(codeOf(statement))?.[1]?.toUpperCase() ?? ''
}

/** Whether a statement is a question, by its first word. */
export function isSelect(statement: string): boolean {
  return ['SELECT', 'WITH', 'TABLE'].includes(firstWordOf(statement))
}
