import { comment, key, quote, WIDTH, written } from '../src/new/code.ts'
import { formatDuration } from '../src/time/duration.ts'
import { type Draft, LIMIT } from './draft.ts'
import { renderLoss, renderNote } from './loss.ts'
import type { ResolvedLabel, ResolvedMetric } from './resolve.ts'
import { statementOf } from './statement.ts'

/** The text of a collector's file, formatted; `contract` is where it imports src/collector.ts from. */
export function renderFile(draft: Draft, program: string, contract: string): string {
  const { name, parts, metrics, notes, losses } = draft
  const [{ question }] = parts
  const { interval, databases, versions, role } = question
  const labels = labelsOf(draft)
  const isOpen = labels.some(({ values }) => values === undefined)
  const used = new Set(['defineCollector', ...metrics.map(({ type }) => type), ...(isOpen ? ['open'] : [])])
  return [
    `import { ${[...used].sort().join(', ')} } from ${quote(contract)}`,
    '',
    ...parts.flatMap(({ question: { what, place } }) => comment(`From ${what} of ${program} (${place}).`)),
    ...notes.flatMap((note) => comment(`${renderNote(note)}.`)),
    ...losses.flatMap((loss) => comment(`Not carried over: ${renderLoss(loss)}.`)),
    'export default defineCollector({',
    `  name: ${quote(name)},`,
    ...(labels.length > 0 ? ['  labels: {', ...labels.flatMap(labelLines), '  },'] : []),
    '  metrics: {',
    ...metrics.flatMap((metric) => metricLines(metric, isOpen)),
    '  },',
    ...(databases === undefined ? [] : listLines('  databases: ', databases, '  ')),
    ...(versions === undefined ? [] : [`  versions: ${quote(versions)},`]),
    ...(role === undefined ? [] : [`  role: ${quote(role)},`]),
    ...(interval === undefined ? [] : [`  interval: ${quote(formatDuration(interval))},`]),
    `  query: (sql) => sql\`\n${written(statementOf(draft))}\`,`,
    '})',
    '',
  ].join('\n')
}

/** The labels of a draft: one has the values that it has in any of the queries. */
function labelsOf({ parts }: Draft): ResolvedLabel[] {
  const [{ resolved }] = parts
  return resolved.labels.map((label, i) => {
    const lists = parts.map(({ resolved }) => resolved.labels[i]?.values)
    const values = lists.includes(undefined) ? undefined : [...new Set(lists.flatMap((list) => list ?? []))]
    return { ...label, values }
  })
}

function labelLines({ name, values }: ResolvedLabel): string[] {
  if (values === undefined)
    return [`    ${key(name)}: open(${LIMIT.toLocaleString('en').replaceAll(',', '_')}),`]
  return listLines(`    ${key(name)}: `, values, '    ')
}

/** A list on one line, or on several when it is long. */
function listLines(begin: string, values: readonly string[], indent: string): string[] {
  const line = `${begin}[${values.map(quote).join(', ')}],`
  if (line.length <= WIDTH) return [line]
  return [`${begin}[`, ...values.map((value) => `${indent}  ${quote(value)},`), `${indent}],`]
}

/** What the exporters do not add up is not added up here, and what has no row has no sample. */
function metricLines({ name, type, help, bounds }: ResolvedMetric, isOpen: boolean): string[] {
  const options = [...(type === 'gauge' && isOpen ? ["fold: 'none'"] : []), 'zeros: false']
  const list = bounds === undefined ? [] : [`[${bounds.join(', ')}]`]
  const args = [quote(help.trim()), ...list]
  const last = `{ ${options.join(', ')} }`
  const begin = `    ${key(name)}: ${type}(`
  const line = `${begin}${[...args, last].join(', ')}),`
  if (line.length <= WIDTH) return [line]
  // The formatter would rather break the object than the list that it is the last of.
  const short = `${begin}${args.join(', ')}, {`
  if (short.length <= WIDTH) return [short, ...options.map((option) => `      ${option},`), '    }),']
  return [begin, ...[...args, last].map((arg) => `      ${arg},`), '    ),']
}
