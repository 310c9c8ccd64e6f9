import { unquote } from '../identifier.ts'

/** A name in the text of a query, and how it is used there. */
export interface UsedName {
  /** The schema that is written before it; null when none is. */
  readonly schema: string | null
  readonly name: string
  readonly as: 'operator' | 'call' | 'other'
}

/** A text, a comment, names, an operator, or what tells them apart. */
const TOKEN =
  /'[^']*'|--[^\n]*|(?:"[^"]*")+|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*|[-+*/<>=~!@#%^&|`?]+|[.()]|[^\s'"]/gi
const WORD = /^["a-z_\u0080-\uffff]/i
const OPERATOR = /^(?!--)[-+*/<>=~!@#%^&|`?]/

/**
 * The names and operators that a query may mean something of the database by. It names more than there are, such as each
 * column, because what a name means only the server knows.
 */
export function usedNames(statement: string): UsedName[] {
  const tokens = statement.match(TOKEN) ?? []
  const found = tokens.flatMap((token, i): UsedName[] => {
    if (OPERATOR.test(token)) return [{ schema: null, name: token, as: 'operator' }]
    if (!WORD.test(token)) return []
    const as = tokens[i + 1] === '(' ? 'call' : 'other'
    const before = tokens[i - 2] ?? ''
    const schema = tokens[i - 1] === '.' && WORD.test(before) ? nameOf(before) : null
    return [{ schema, name: nameOf(token), as }]
  })
  return [...new Map(found.map((used) => [JSON.stringify(used), used])).values()]
}

function nameOf(token: string): string {
  return token.startsWith('"') ? unquote(token) : token.toLowerCase()
}
