import { identifier } from '../src/identifier.ts'
import { hasLongQuotes } from '../src/new/statement.ts'
import type { Draft, Part } from './draft.ts'
import { columnOf, literal } from './sql.ts'

/** The query of a collector, indented. */
export function statementOf({ parts, metrics }: Draft): string {
  const names = metrics.map(({ name }) => name)
  return parts
    .map((part, i) => selectOf(part, i === 0 ? metrics : part.resolved.metrics, names))
    .join('\n     UNION ALL\n')
}

function selectOf(
  { question, sql, resolved }: Part,
  metrics: Draft['metrics'],
  names: readonly string[],
): string {
  const columns = [
    ...resolved.labels.map(({ name, expression }) => `${expression} AS ${identifier(name)}`),
    ...metrics.map(({ expression }, i) => `${expression} AS ${identifier(names[i] ?? '')}`),
  ]
  const indent = ' '.repeat(13)
  const lines = hasLongQuotes(sql) ? [sql] : sql.split('\n').map((line) => `${indent}${line}`.trimEnd())
  const { measures, joined, conditions = [] } = question
  const rows = measures.map((column) => `(${literal(column)}, ${columnOf(column)}::float8)`)
  const own = resolved.columns === undefined ? '' : ` (${resolved.columns.map(identifier).join(', ')})`
  return [
    `    SELECT ${columns.join(',\n           ')}`,
    '      FROM (',
    ...lines,
    `           ) AS source${own}`,
    ...(rows.length > 0
      ? [`     CROSS JOIN LATERAL (VALUES ${rows.join(`,\n${' '.repeat(32)}`)}) AS measure (name, value)`]
      : []),
    ...(joined === undefined ? [] : [joined]),
    ...conditions.map((condition, i) => {
      // A comment may end it, and only a line ends that.
      const end = condition.includes('--') ? '\n           ' : ''
      return `${i === 0 ? '     WHERE' : '       AND'} (${condition}${end})`
    }),
  ].join('\n')
}
