import { fieldOf } from '../advice.ts'
import { identifier, isReserved } from '../identifier.ts'
import { codeOf, firstWordOf, isSelect } from './code.ts'

/** Words that a clause begins with: before them a comma is too much, and a word may be missing. */
const CLAUSES = /^(from|where|group|order|having|limit|offset|union|window|join|left|inner|on)$/i
/** Words of SQL that people call their tables and columns. */
const NAMES =
  /^(order|group|user|table|column|limit|offset|default|check|references|primary|window|end|desc|analyse|analyze|case|grant)$/i
/** Words that a name of a table follows, or of a column. */
const BEFORE_NAME = /\b(from|join|as|into)\s*$/i
const WITHOUT_QUOTES = `write \${…} without quotes: in quotes it is a text and no value`
/** A value of several that are one text, or each in quotes. */
const LIST = /^'|', ?'/

/** What the server said of a statement, and where in it if it said so. */
interface Complaint {
  readonly error: Error
  readonly statement: string
  readonly index: number | undefined
}

/** What to write in place of what the server complains of; undefined when its message says so. */
export function sqlAdvice({ error, statement, index }: Complaint): string | undefined {
  const { message } = error
  switch (fieldOf(error, 'code')) {
    case '42601':
      return syntaxAdvice(message, statement, index)
    case '42P02':
    case '08P01':
      return parameterAdvice(message)
    case '42P18':
      return `write the type behind the value: \${…}::text`
    case '22012':
      return 'write: … / nullif(…, 0)'
    case '22P02':
      return valueAdvice(message)
    case '42703':
      return index !== undefined && statement[index] === '"'
        ? `in double quotes it is the name of a column. A text is in single ones: '${namedIn(message)}'`
        : undefined
    case '42883':
      return / ==[ =]/.test(message) ? 'write one =' : undefined
    case '0A000':
      return message.includes('cross-database')
        ? 'a collector asks one database: give each a URL, DATABASE_URL="a=postgres://… b=postgres://…"'
        : undefined
    case '21000':
      return 'aggregate in the subquery, such as max(…), or write LIMIT 1 in it'
    case '42803':
      return message.includes('must appear in the GROUP BY')
        ? 'write it behind GROUP BY too, or take it out of the SELECT'
        : undefined
    case 'UNDEFINED_VALUE':
      return `a value between \${ and } is undefined: give it one, or write null`
    default:
      return undefined
  }
}

function syntaxAdvice(message: string, statement: string, index: number | undefined): string | undefined {
  if (message.includes('multiple commands')) return 'write one SELECT: what it needs can be in WITH … AS (…)'
  if (!isSelect(statement)) return 'write one SELECT: query: (sql) => sql`SELECT …`'
  if (index === undefined) return undefined
  const [, near = ''] = /^[^"]*"([\s\S]*)"$/.exec(message) ?? []
  const before = codeOf(statement).slice(0, index)
  if (/^\$\d+$/.test(near))
    return `a \${…} there is a value, not SQL: a name is \${sql(name)}, a list \${sql(list)}, a piece of SQL \${sql\`…\`}`
  if (/'timestamptz ?'?$/.test(statement.slice(0, index)) || /^\d{4}$/.test(near))
    return `write \${from} and \${to} without quotes: they are moments already`
  const after = statement.slice(index + near.length)
  const isClause = CLAUSES.test(near) && (!NAMES.test(near) || /^\s+(by\b|\d)/i.test(after))
  if (/,\s*$/.test(before) && isClause) return `take out the comma before ${near}`
  if (isReserved(near) && !isClause && (BEFORE_NAME.test(before) || NAMES.test(near)))
    return `"${near}" is a word of SQL. As a name, write: ${identifier(near)}`
  if (/^(where|group|order|having|on)$/i.test(near) && isReserved(before.trimEnd().split(/\W/).at(-1) ?? ''))
    return reservedBefore(before)
  if (near === '`' || near === '{' || near === '}')
    return `write a value as \${…}, and a name in double quotes`
  return undefined
}

/** The last name in quotes of a message. */
function namedIn(message: string): string {
  return /"([^"]*)"[^"]*$/.exec(message)?.[1] ?? '…'
}

/** Advice for a word of SQL that stands where the name of a table does. */
function reservedBefore(before: string): string | undefined {
  const [, word = ''] = /\b(?:from|join)\s+(\w+)\s*$/i.exec(before) ?? []
  return isReserved(word) ? `"${word}" is a word of SQL. As a name, write: ${identifier(word)}` : undefined
}

function parameterAdvice(message: string): string | undefined {
  const [, supplied] = / supplies (\d+) /.exec(message) ?? []
  const [, required] = / requires (\d+)/.exec(message) ?? []
  if (supplied === undefined && !message.startsWith('there is no parameter')) return undefined
  if (Number(supplied) > Number(required)) return WITHOUT_QUOTES
  return `write the value itself, as \${…}: $1 is made of that`
}

function valueAdvice(message: string): string | undefined {
  const value = message.slice(message.indexOf(': "') + 3, -1)
  if (message.startsWith('malformed array literal'))
    return `write a list as = ANY(\${[…]}), or as IN \${sql([…])}`
  if (/^\$\d+$/.test(value)) return WITHOUT_QUOTES
  return LIST.test(value) ? `write a list as IN \${sql(list)}: \${…} is one value` : undefined
}

/** What to write in place of a statement that is no question. */
export function notSelect(statement: string): string | undefined {
  if (isSelect(statement)) return undefined
  const word = firstWordOf(statement)
  return word === '' ? 'its query is empty' : `its query is ${word}, and not a SELECT`
}
