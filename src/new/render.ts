import { key, quote, WIDTH, written } from './code.ts'
import type { Draft, DraftLabel, DraftMetric } from './draft.ts'
import { folds } from './propose.ts'
import { FROM, TO } from './windowed.ts'

/** The text of a collector's file, formatted. `sql` is indented; `contract` is what the file imports. */
export function renderCollector(draft: Draft, sql: string, contract: string): string {
  const { name, labels, metrics, interval, window, database } = draft
  const used = new Set(['defineCollector', ...metrics.map(({ type }) => type)])
  if (labels.some(({ values }) => values === undefined)) used.add('open')
  const args = window === undefined ? '(sql)' : '(sql, { from, to })'
  const text = written(sql).replaceAll(FROM, placeholder('from')).replaceAll(TO, placeholder('to'))
  return [
    `import { ${[...used].sort().join(', ')} } from ${quote(contract)}`,
    '',
    'export default defineCollector({',
    `  name: ${quote(name)},`,
    ...block('labels', labels.map(labelEntry)),
    ...block(
      'metrics',
      metrics.map((metric) => metricEntry(metric, labels)),
    ),
    ...(database === undefined ? [] : [`  databases: [${quote(database)}],`]),
    ...(interval === undefined ? [] : [`  interval: ${quote(interval)},`]),
    ...(window === undefined ? [] : [`  window: { settle: ${quote(window.settle)} },`]),
    `  query: ${args} => sql\`\n${text}\`,`,
    '})',
    '',
  ].join('\n')
}

function placeholder(name: string): string {
  return `\${${name}}`
}

/** An entry of an object: its name, and its value on one line and on several. */
interface Entry {
  readonly name: string
  readonly short: string
  readonly long: readonly string[]
}

function block(name: string, entries: readonly Entry[]): string[] {
  if (entries.length === 0) return []
  const [first] = entries
  const line = `  ${name}: { ${first?.name}: ${first?.short} },`
  if (entries.length === 1 && line.length <= WIDTH) return [line]
  return [
    `  ${name}: {`,
    ...entries.flatMap(({ name, short, long }) => {
      const line = `    ${name}: ${short},`
      return line.length <= WIDTH
        ? [line]
        : [`    ${name}: ${long[0]}`, ...long.slice(1, -1), `    ${long.at(-1)},`]
    }),
    '  },',
  ]
}

function labelEntry({ name, values, limit }: DraftLabel): Entry {
  if (values === undefined) return { name: key(name), short: `open(${limit})`, long: [] }
  return {
    name: key(name),
    short: `[${values.map(quote).join(', ')}]`,
    long: ['[', ...values.map((value) => `      ${quote(value)},`), ']'],
  }
}

function metricEntry({ name, type, help, fold }: DraftMetric, labels: readonly DraftLabel[]): Entry {
  const usual = type === 'timestamp' ? 'none' : 'sum'
  const said = type !== 'counter' && fold !== usual && labels.some(folds) ? [`{ fold: ${quote(fold)} }`] : []
  const args = [quote(help), ...said]
  return {
    name: key(name),
    short: `${type}(${args.join(', ')})`,
    long: [`${type}(`, ...args.map((arg) => `      ${arg},`), ')'],
  }
}
