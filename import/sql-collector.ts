import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import { attempt, columnLabel, type Question, type QuestionLabel, type QuestionMetric } from './question.ts'
import { literal } from './sql.ts'

const COLLECTOR_KEYS = ['collector_name', 'min_interval', 'metrics', 'queries']
const QUERY_KEYS = ['query_name', 'query', 'no_prepared_statement']
const METRIC_KEYS = [
  'metric_name',
  'type',
  'help',
  'key_labels',
  'static_labels',
  'value_label',
  'values',
  'query',
  'query_ref',
  'no_prepared_statement',
  'static_value',
  'timestamp_value',
]

interface MetricEntry {
  readonly metric: QuestionMetric
  readonly labels: readonly QuestionLabel[]
  readonly measures: readonly string[]
  readonly query: string
  /** The name of the query, if it is one that metrics share. */
  readonly ref: string | undefined
  readonly losses: readonly Loss[]
}

/** What a collector of sql_exporter asks, and what of it cannot be understood. */
interface SqlCollector {
  readonly questions: readonly Question[]
  readonly losses: readonly Loss[]
}

/**
 * Reads the questions of one collector of sql_exporter. Metrics of one named query belong to one question if they have
 * the same labels. https://github.com/burningalchemist/sql_exporter/blob/master/documentation/sql_exporter.yml
 */
export function readSqlCollector(collector: Mapping, global: number | undefined): SqlCollector {
  const own = collector.required('collector_name', 'a collector')
  const losses: Loss[] = collector.unknown('a collector of sql_exporter', COLLECTOR_KEYS)
  const metrics = collector.mappings('metrics')
  if (metrics.length === 0) collector.fail(`collector "${own}" has no "metrics"`)
  const queries = new Map<string, string>()
  for (const query of collector.mappings('queries')) {
    losses.push(...query.unknown('a query of sql_exporter', QUERY_KEYS))
    queries.set(query.text('query_name') ?? '', query.text('query') ?? '')
  }
  const [interval = global] = attempt(losses, 'key "min_interval"', collector.place('min_interval'), () => [
    collector.duration('min_interval'),
  ])
  const groups = new Map<string, Question>()
  for (const mapping of metrics) {
    const name = mapping.text('metric_name')
    const what = name === undefined ? 'a metric' : `metric "${name}"`
    const [entry] = attempt(losses, what, mapping.place(), () => [readMetric(mapping, queries)])
    if (entry === undefined) continue
    const { metric, labels, measures, query, ref, losses: lost } = entry
    const key = JSON.stringify([ref, labels, ref === undefined || measures.length > 0 ? metric.name : ''])
    const group = groups.get(key)
    groups.set(key, {
      name: ref ?? metric.name,
      what: ref === undefined ? what : `query "${ref}" of collector "${own}"`,
      place: group?.place ?? mapping.place(),
      query,
      labels,
      metrics: [...(group?.metrics ?? []), metric],
      measures,
      moments: 'rfc3339',
      // At an interval of 0 it is asked at each tick.
      interval: interval || undefined,
      notes: [],
      losses: [...(group?.losses ?? []), ...lost],
    })
  }
  const all = [...groups.values()]
  // The name of a collector with one question names that question.
  return { questions: all.length === 1 ? all.map((question) => ({ ...question, name: own })) : all, losses }
}

function readMetric(mapping: Mapping, queries: ReadonlyMap<string, string>): MetricEntry {
  const name = mapping.required('metric_name', 'a metric')
  const ref = mapping.text('query_ref')
  const query =
    ref === undefined
      ? mapping.required('query', `metric "${name}"`)
      : (queries.get(ref) ??
        mapping.fail(`it refers to the query "${ref}", which its collector does not have`, 'query_ref'))
  const type = mapping.required('type', `metric "${name}"`).toLowerCase()
  if (type !== 'gauge' && type !== 'counter') {
    mapping.fail('it is of a type that sql_exporter does not have', 'type', 'it has gauge and counter')
  }
  const values = mapping.texts('values')
  const constant = mapping.text('static_value')
  const [value] = values
  if ((value === undefined) === (constant === undefined)) {
    mapping.fail('it takes either "values" or "static_value"', 'values')
  }
  if (constant !== undefined && !Number.isFinite(Number(constant))) {
    mapping.fail('its "static_value" is not a number', 'static_value')
  }
  const valueLabel = mapping.text('value_label')
  if (values.length > 1 && valueLabel === undefined) {
    mapping.fail('it has several "values" and no "value_label"', 'values')
  }
  const measures = values.length > 1 ? values : []
  return {
    metric: {
      name,
      type,
      help: mapping.text('help')?.trim() || name,
      value:
        value === undefined
          ? { sql: String(Number(constant)), needs: [] }
          : measures.length > 0
            ? { sql: 'measure.value', needs: measures }
            : { column: value },
      place: mapping.place(),
    },
    labels: [
      ...mapping.texts('key_labels').map(columnLabel),
      ...staticLabels(mapping),
      ...(valueLabel === undefined || value === undefined
        ? []
        : measures.length > 0
          ? [{ name: valueLabel, value: { sql: 'measure.name', needs: [] }, values }]
          : [{ name: valueLabel, value: { sql: literal(value), needs: [] }, values: [value] }]),
    ],
    measures,
    query,
    ref,
    losses: [...mapping.unknown('a metric of sql_exporter', METRIC_KEYS), ...lossOfTime(mapping, name)],
  }
}

function lossOfTime(mapping: Mapping, name: string): Loss[] {
  if (!mapping.has('timestamp_value')) return []
  const problem = 'samples are of the time of the scrape'
  return [{ place: mapping.place('timestamp_value'), what: `timestamp_value of ${name}`, problem }]
}

function staticLabels(mapping: Mapping): QuestionLabel[] {
  const labels = mapping.mapping('static_labels')
  if (labels === undefined) return []
  return labels.keys.toSorted().map((name) => {
    // Go reads a label without a value as the empty text.
    const value = labels.text(name) ?? ''
    return { name, value: { sql: literal(value), needs: [] }, values: [value] }
  })
}
