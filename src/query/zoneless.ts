import { unquote } from '../identifier.ts'
import type { Window } from '../time/moment.ts'
import { markOf, namesIn } from './missing-index.ts'
import { nameOf, type PlanNode, type Relation, type Scan } from './plan.ts'

/** A type without a time zone: compared with a moment, it is read as one in the session's time zone. */
export type ZonelessType = 'timestamp' | 'date'

/** A column of such a type that is compared with a bound of a window. */
export interface ZonelessColumn {
  readonly table: string
  readonly column: string
  readonly type: ZonelessType
}

/** An expression as a plan writes it: texts, and what is in parentheses. */
type Expression = readonly (string | Expression)[]

/** A text or a name in quotes, a parenthesis, or what is between them. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|[^'"()]+/g
/** What follows a name that is no column, or is converted. */
const NO_COLUMN = /^(?:[\w$(.]| AT TIME ZONE )/
const MOMENT = /'[^']*'::timestamp with time zone/g
const TYPE = /::(?:timestamp(?:\(\d\))? with(?:out)? time zone|[\w."]+)/g
const COMPARES = / (?:[<>=@&~]+|IS DISTINCT FROM) /

/**
 * Finds the columns without a time zone that a plan compares with a bound of a window, unless the query says in which
 * time zone they are. `types` has the type of each such column, by schema, relation and column.
 */
export function zonelessColumns(
  plan: PlanNode,
  window: Window,
  scans: readonly Scan[],
  relations: ReadonlyMap<string, Relation>,
  types: ReadonlyMap<string, ZonelessType>,
): ZonelessColumn[] {
  const marks = [window.from, window.to].map(markOf)
  const isBound = (text: string) =>
    (text.match(MOMENT) ?? []).some((moment) => marks.some((mark) => moment.includes(mark)))
  const found = new Map<string, ZonelessColumn>()
  const compared = textsOf(plan)
    .filter(isBound)
    .flatMap((text) => comparisons(parse(text), isBound))
  const names = compared.flatMap(namesIn).filter(({ next }) => !NO_COLUMN.test(next))
  for (const { of, name } of names) {
    const own = scans.filter(({ alias }) => alias === unquote(of))
    // The column of a subquery or of a partitioned table, or one without an alias, has the name of the one that it is.
    for (const scan of own.length > 0 ? own : scans) {
      const type = types.get(`${nameOf(scan)}.${unquote(name)}`)
      const table = relations.get(nameOf(scan))?.table ?? nameOf(scan)
      if (type !== undefined) found.set(`${table}.${name}`, { table, column: name, type })
    }
  }
  return [...found.values()]
}

/** All texts of a plan: conditions, and what its nodes return. */
function textsOf({ Plans: plans = [], ...node }: PlanNode): string[] {
  const own = Object.values(node).flat()
  return [...own.filter((value) => typeof value === 'string'), ...plans.flatMap(textsOf)]
}

function parse(text: string): Expression {
  const tokens = text.match(TOKENS) ?? []
  const read = (): Expression => {
    const parts: (string | Expression)[] = []
    for (let token = tokens.shift(); token !== undefined && token !== ')'; token = tokens.shift()) {
      const last = parts.at(-1)
      if (token === '(') parts.push(read())
      else if (typeof last === 'string') parts[parts.length - 1] = last + token
      else parts.push(token)
    }
    return parts
  }
  return read()
}

/** The texts of the innermost comparisons that a bound is in, without what is converted from a time zone. */
function comparisons(expression: Expression, isBound: (text: string) => boolean): string[] {
  const inner = expression.flatMap((part) => (typeof part === 'string' ? [] : comparisons(part, isBound)))
  const text = expression.map((part) => (typeof part === 'string' ? part : '()')).join('')
  if (inner.length > 0 || !COMPARES.test(withoutTexts(text))) return inner
  return isBound(render(expression)) ? [withoutTexts(render(expression, true)).replaceAll(TYPE, '')] : []
}

function withoutTexts(text: string): string {
  return text.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, (token) => (token.startsWith('"') ? token : "''"))
}

function render(expression: Expression, unconverted = false): string {
  return expression
    .map((part, i) => {
      if (typeof part === 'string') return part
      const [before, after] = [expression[i - 1], expression[i + 1]]
      const converted =
        (typeof before === 'string' && before.endsWith('timezone')) ||
        (typeof after === 'string' && after.startsWith(' AT TIME ZONE '))
      return unconverted && converted ? '()' : `(${render(part, unconverted)})`
    })
    .join('')
}
