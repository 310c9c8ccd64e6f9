import type { Collector } from '../contract/collector.ts'
import type { Finding } from '../finding.ts'
import { codeOf } from '../query/code.ts'
import { indexesOf } from '../words.ts'

/** The bounds of a window as the statement has them. */
export interface Bounds {
  readonly from: string
  readonly to: string
}

/** What a collector sent, and what came of it. */
export interface Sent {
  readonly statement: string
  /** Undefined without a window. */
  readonly bounds: Bounds | undefined
  /** The types of the columns, by their names: https://www.postgresql.org/docs/current/catalog-pg-type.html */
  readonly types: ReadonlyMap<string, number>
}

/** What acts on the server, or keeps something in a session, though the transaction is read-only. */
const ACTS =
  /\b(pg_(?:try_)?advisory_\w+|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|pg_switch_wal|pg_notify|pg_sleep\w*|set_config|dblink\w*|pg_read_(?:binary_)?file|lo_\w+)\s*\(/gi
/** The clocks that go on while a query runs. */
const CLOCKS = /\b(clock_timestamp|statement_timestamp|timeofday)\s*\(/i
const MOVING = /\b(now\s*\(|current_date\b|current_timestamp\b|localtimestamp\b)/i
/** The whole numbers of PostgreSQL: int8, int2, int4. */
const INTEGERS = [20, 21, 23]
const DIVIDES = /\/\s*(?:nullif\s*\(\s*)?(?:count|sum)\s*\(/i

/** Warns of what a statement says and cannot mean. */
export function sqlWarnings(collector: Collector, sent: Sent): Finding[] {
  const code = codeOf(sent.statement)
  return [
    ...actWarnings(code),
    ...clockWarnings(collector, code),
    ...boundWarnings(sent),
    ...limitWarnings(collector, code),
    ...integerWarnings(collector, sent, code),
    ...foldWarnings(collector, code),
  ]
}

function actWarnings(code: string): Finding[] {
  const names = new Set([...code.matchAll(ACTS)].map(([, name = '']) => name.toLowerCase()))
  return [...names].map((name) => ({
    problem: `it calls ${name}(), which does more than to ask: read-only does not keep it from that`,
    advice: 'leave it out: a collector asks, and what it holds others wait for',
    about: name,
  }))
}

function clockWarnings({ metrics, settle }: Collector, code: string): Finding[] {
  const [, clock] = CLOCKS.exec(code) ?? []
  const [counter] = metrics.filter(({ type }) => type === 'counter')
  const findings: Finding[] = []
  if (clock !== undefined) {
    findings.push({
      problem: `${clock.toLowerCase()}() goes on while the query runs, and is not the time of the snapshot`,
      advice: 'write: now()',
      about: clock,
    })
  }
  if (counter !== undefined && settle === undefined && MOVING.test(code.replace(/^[\s\S]*?\bFROM\b/i, ''))) {
    findings.push({
      problem: `${counter.name} is a counter, and counts what is recent: it falls when that grows old`,
      advice: `write: window: { settle: '10m' } with \${from} and \${to}, or a gauge`,
      about: counter.name,
    })
  }
  return findings
}

/** A row on a bound belongs to one window only, that which ends with it. */
function boundWarnings({ statement, bounds }: Sent): Finding[] {
  if (bounds === undefined) return []
  const text = statement.replaceAll(bounds.from, ' $FROM ').replaceAll(bounds.to, ' $TO ')
  const has = (pattern: RegExp) => pattern.test(text)
  const write = `write: > \${from} AND … <= \${to}`
  if (has(/\bBETWEEN\s+\$FROM/i))
    return [
      { problem: 'BETWEEN takes both bounds: a row on one counts twice', advice: write, about: 'BETWEEN' },
    ]
  const above = has(/>\s*\$TO|\$TO\s+<(?!=)/) || has(/>=\s*\$TO/)
  const below = has(/<=?\s*\$FROM|\$FROM\s+>/)
  if (above && below)
    return [
      {
        problem: 'its bounds are swapped: no row is after "to" and before "from"',
        advice: write,
        about: 'query',
      },
    ]
  const takesFrom = has(/>=\s*\$FROM|\$FROM\s+<=/)
  const takesTo = has(/<=\s*\$TO|\$TO\s+>=/)
  if (takesFrom && takesTo)
    return [
      { problem: 'it takes both bounds: a row on one counts twice', advice: write, about: `>= \${from}` },
    ]
  const leavesTo = has(/<\s*\$TO|\$TO\s+>(?!=)/)
  const leavesFrom = has(/>\s*\$FROM|\$FROM\s+<(?!=)/)
  if (leavesFrom && leavesTo)
    return [
      { problem: 'it takes none of the bounds: a row on one never counts', advice: write, about: `< \${to}` },
    ]
  return []
}

function limitWarnings({ labels }: Collector, code: string): Finding[] {
  const open = labels.find(({ values }) => values === undefined)
  if (open === undefined || !/\b(LIMIT|FETCH\s+FIRST)\b/i.test(outside(code))) return []
  const problem = `LIMIT takes away what "other" of the label ${open.name} would have`
  return [{ problem, advice: `leave LIMIT out: top(${open.limit}) keeps the largest`, about: 'LIMIT' }]
}

/** A division of whole numbers, whose result the server says is one. */
function integerWarnings({ metrics }: Collector, { types }: Sent, code: string): Finding[] {
  return metrics.flatMap(({ name }) => {
    const type = types.get(name)
    if (type === undefined || !INTEGERS.includes(type) || !DIVIDES.test(expressionOf(code, name))) return []
    return {
      problem: `${name} divides whole numbers: what is behind the point is lost`,
      advice: `write: …::numeric / … AS ${name}`,
      about: name,
    }
  })
}

/** What has no sum, and how it folds instead. */
const FOLDS: readonly (readonly [RegExp, string])[] = [
  [/\b(avg|percentile_cont|percentile_disc|mode|stddev\w*|variance|var_\w+|corr)\s*\(/i, 'none'],
  [/^\s*(?:\w+\s*\(\s*)*\bmax\s*\(/i, 'max'],
  [/^\s*(?:\w+\s*\(\s*)*\bmin\s*\(/i, 'min'],
]

function foldWarnings({ labels, metrics }: Collector, code: string): Finding[] {
  if (!labels.some(({ values }) => values === undefined)) return []
  return metrics.flatMap(({ name, type, fold }) => {
    const expression = expressionOf(code, name)
    const [, kind] = FOLDS.find(([pattern]) => pattern.test(expression)) ?? []
    if (type !== 'gauge' || fold !== 'sum' || kind === undefined) return []
    return {
      problem: `${name} has no sum, and what is over the limit of an open label is added up into "other"`,
      advice: `write: gauge('…', { fold: '${kind}' })`,
      about: name,
    }
  })
}

/** A statement without what is in parentheses. */
function outside(code: string): string {
  let depth = 0
  return [...code]
    .filter((character) => {
      if (character === '(') depth++
      else if (character === ')') depth--
      return depth === 0
    })
    .join('')
}

/** The expression that a column is an alias of; empty if it is not found. */
function expressionOf(code: string, name: string): string {
  const lower = code.toLowerCase()
  const alias = indexesOf(lower, name.toLowerCase()).findLast((at) =>
    /\bas\s"?$/.test(lower.slice(Math.max(at - 5, 0), at)),
  )
  const ends = alias === undefined ? undefined : lower.lastIndexOf('as', alias)
  if (ends === undefined) return ''
  let depth = 0
  for (let at = ends - 1; at >= 0; at--) {
    const character = code[at]
    if (character === ')') depth++
    else if (character === '(' && depth-- === 0) return code.slice(at + 1, ends)
    else if (depth === 0 && (character === ',' || /\bSELECT\s$/i.test(code.slice(at - 6, at + 1))))
      return code.slice(at + 1, ends)
  }
  return ''
}
