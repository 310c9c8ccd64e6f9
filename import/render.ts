import { comment, key, quote, WIDTH, written } from '../src/new/code.ts'
import { hasLongQuotes } from '../src/new/statement.ts'
import { formatDuration } from '../src/time/duration.ts'
import { type Draft, LIMIT } from './draft.ts'
import { renderLoss, renderNote } from './loss.ts'
import type { QuestionLabel, QuestionMetric } from './question.ts'
import { columnOf, identifier, literal } from './sql.ts'

/** The text of a collector's file, formatted; `contract` is where it imports src/collector.ts from. */
export function renderFile(draft: Draft, program: string, contract: string): string {
  const { name, question, metrics, notes, losses } = draft
  const { labels, interval } = question
  const used = new Set(['defineCollector', ...metrics.map(({ type }) => type)])
  if (labels.some(({ values }) => values === undefined)) used.add('open')
  return [
    `import { ${[...used].sort().join(', ')} } from ${quote(contract)}`,
    '',
    ...comment(`From ${question.what} of ${program} (${question.place}).`),
    ...notes.flatMap((note) => comment(`${renderNote(note)}.`)),
    ...losses.flatMap((loss) => comment(`Not carried over: ${renderLoss(loss)}.`)),
    'export default defineCollector({',
    `  name: ${quote(name)},`,
    ...(labels.length > 0 ? ['  labels: {', ...labelLines(labels), '  },'] : []),
    '  metrics: {',
    ...metricLines(metrics),
    '  },',
    ...(interval === undefined ? [] : [`  interval: ${quote(formatDuration(interval))},`]),
    `  query: (sql) => sql\`\n${written(statementOf(draft))}\`,`,
    '})',
    '',
  ].join('\n')
}

function labelLines(labels: readonly QuestionLabel[]): string[] {
  const open = labels.some(({ values }) => values === undefined)
  return [
    ...(open
      ? [`    // Of an open label the ${LIMIT} largest values have a series; the rest is "other".`]
      : []),
    ...labels.flatMap(({ name, values }) => {
      if (values === undefined) return [`    ${key(name)}: open(${LIMIT}),`]
      const line = `    ${key(name)}: [${values.map(quote).join(', ')}],`
      if (line.length <= WIDTH) return [line]
      return [`    ${key(name)}: [`, ...values.map((value) => `      ${quote(value)},`), '    ],']
    }),
  ]
}

function metricLines(metrics: readonly QuestionMetric[]): string[] {
  return metrics.flatMap(({ name, type, help }) => {
    const line = `    ${key(name)}: ${type}(${quote(help.trim())}),`
    if (line.length <= WIDTH) return [line]
    return [`    ${key(name)}: ${type}(`, `      ${quote(help.trim())},`, '    ),']
  })
}

function statementOf({ question, sql, metrics }: Draft): string {
  const columns = [...question.labels, ...metrics].map(
    ({ name, expression }) => `${expression} AS ${identifier(name)}`,
  )
  const indent = ' '.repeat(13)
  const lines = hasLongQuotes(sql) ? [sql] : sql.split('\n').map((line) => `${indent}${line}`.trimEnd())
  const measures = question.measures.map((column) => `(${literal(column)}, ${columnOf(column)}::float8)`)
  return [
    `    SELECT ${columns.join(',\n           ')}`,
    '      FROM (',
    ...lines,
    '           ) AS source',
    ...(measures.length > 0
      ? [`     CROSS JOIN LATERAL (VALUES ${measures.join(`,\n${' '.repeat(32)}`)}) AS measure (name, value)`]
      : []),
  ].join('\n')
}
