import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import type { QuestionMetric, Value } from './question.ts'
import { caseOf, columnOf, literal } from './sql.ts'

const COLUMN_KEYS = [
  'usage',
  'description',
  'metric_mapping',
  'pg_version',
  'name',
  'rename',
  'scale',
  'default',
  'bucket',
]
const USAGES = ['LABEL', 'COUNTER', 'GAUGE', 'DISCARD', 'MAPPEDMETRIC', 'DURATION', 'HISTOGRAM']

/** A column of a query, as `metrics` lists it. */
export interface ListedColumn {
  readonly column: string
  /** What it is called in the names of labels and metrics. */
  readonly name: string
  readonly usage: string
  readonly options: Mapping
  readonly losses: readonly Loss[]
}

/** Reads the columns that `metrics` lists; of one that is there twice, the last counts. */
export function readColumns(entry: Mapping, program: string): ListedColumn[] {
  const columns = new Map<string, ListedColumn>()
  for (const item of entry.mappings('metrics')) {
    for (const column of item.keys) {
      const options = item.mapping(column)
      if (options !== undefined) columns.set(column, readColumn(column, options, program))
    }
  }
  return [...columns.values()]
}

function readColumn(column: string, options: Mapping, program: string): ListedColumn {
  const losses = options.unknown(`a column of ${program}`, COLUMN_KEYS)
  const usage = options.text('usage') ?? ''
  const name = options.text('name') ?? options.text('rename') ?? column
  if (USAGES.includes(usage)) return { column, name, usage, options, losses }
  const problem = `it has the usage "${usage}", with which the exporter discards it`
  const meant = usage.toUpperCase()
  const advice = USAGES.includes(meant) ? `write: usage: ${meant}` : `it takes ${USAGES.join(', ')}`
  const loss = { place: options.place(), what: `column "${column}"`, problem, advice }
  return { column, name, usage: 'DISCARD', options, losses: [...losses, loss] }
}

/** The metric of a column that is no histogram. `name` is that of its namespace with that of the column. */
export function readMetric(
  namespace: string,
  { column, name, usage, options }: ListedColumn,
): QuestionMetric {
  const base = {
    name: `${namespace}_${name}`,
    type: usage === 'COUNTER' ? ('counter' as const) : ('gauge' as const),
    help: options.text('description')?.trim() || `Column ${column} of ${namespace}.`,
    value: readValue(column, options),
    place: options.place(),
  }
  const source = columnOf(column)
  if (usage === 'DURATION') {
    // Whole milliseconds, and -1 for none, as the exporter reads a duration. It shows a number as it is.
    const sql = caseOf('', [
      `WHEN ${source}::text ~ '^[0-9.]+$' THEN ${source}::text::numeric`,
      `ELSE trunc(extract(epoch FROM nullif(${source}::text, '-1')::interval) * 1000)`,
    ])
    return { ...base, name: `${base.name}_milliseconds`, value: { sql, needs: [column] } }
  }
  if (usage !== 'MAPPEDMETRIC') return base
  const mapping =
    options.mapping('metric_mapping') ?? options.fail(`column "${column}" has no "metric_mapping"`)
  const cases = mapping.keys.map((text) => {
    const value = Number(mapping.text(text))
    if (!Number.isFinite(value)) mapping.fail(`"${text}" is mapped to what is not a number`, text)
    return `WHEN ${literal(text)} THEN ${value}`
  })
  return { ...base, value: { sql: caseOf(` ${source}::text`, cases), needs: [column] } }
}

/** A column as it is, or as pg_exporter scales it and fills it. */
function readValue(column: string, options: Mapping): Value {
  const scale = numberIn(options, 'scale')
  const fallback = numberIn(options, 'default')
  if (scale === undefined && fallback === undefined) return { column }
  const filled = fallback === undefined ? columnOf(column) : `coalesce(${columnOf(column)}, ${fallback})`
  return { sql: scale === undefined ? filled : `${filled} * ${scale}`, needs: [column] }
}

function numberIn(options: Mapping, key: string): number | undefined {
  const text = options.text(key)
  if (text === undefined || text === '') return undefined
  return Number.isFinite(Number(text)) ? Number(text) : options.fail(`"${key}" takes a number`, key)
}
