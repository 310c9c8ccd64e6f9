import type { Loss } from './loss.ts'
import { columnLabel, type Question, type QuestionLabel, type QuestionMetric } from './question.ts'
import { columnOf, literal } from './sql.ts'
import type { Mapping } from './yaml.ts'

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
  readonly losses: readonly Loss[]
}

/**
 * Reads the questions of one collector of sql_exporter. Metrics of one named query belong to one question if they have
 * the same labels. https://github.com/burningalchemist/sql_exporter/blob/master/documentation/sql_exporter.yml
 */
export function readSqlCollector(collector: Mapping, interval: number | undefined): Question[] {
  collector.expect('a collector of sql_exporter', COLLECTOR_KEYS)
  const own = collector.required('collector_name', 'a collector')
  const metrics = collector.mappings('metrics')
  if (metrics.length === 0) collector.fail(`collector "${own}" has no "metrics"`)
  const queries = new Map<string, string>()
  for (const query of collector.mappings('queries')) {
    query.expect('a query of sql_exporter', QUERY_KEYS)
    queries.set(query.required('query_name', 'a query'), query.required('query', 'a query'))
  }
  const groups = new Map<string, Question>()
  for (const mapping of metrics) {
    mapping.expect('a metric of sql_exporter', METRIC_KEYS)
    const name = mapping.required('metric_name', 'a metric')
    const ref = mapping.text('query_ref')
    const query =
      ref === undefined
        ? mapping.required('query', `metric "${name}"`)
        : (queries.get(ref) ??
          mapping.fail(
            `metric "${name}" refers to the query "${ref}", which its collector does not have`,
            'query_ref',
          ))
    const { metric, labels, measures, losses } = readMetric(mapping, name)
    const key = JSON.stringify([ref, labels, ref === undefined || measures.length > 0 ? name : ''])
    const group = groups.get(key)
    groups.set(key, {
      name: ref ?? name,
      what: ref === undefined ? `metric "${name}"` : `query "${ref}" of collector "${own}"`,
      place: group?.place ?? mapping.place(),
      query,
      labels,
      metrics: [...(group?.metrics ?? []), metric],
      measures,
      // At an interval of 0 it is asked at each tick.
      interval: (collector.duration('min_interval') ?? interval) || undefined,
      notes: [],
      losses: [...(group?.losses ?? []), ...losses],
    })
  }
  const questions = [...groups.values()]
  // The name of a collector with one question names that question.
  return questions.length === 1 ? questions.map((question) => ({ ...question, name: own })) : questions
}

function readMetric(mapping: Mapping, name: string): MetricEntry {
  const type = mapping.required('type', `metric "${name}"`).toLowerCase()
  if (type !== 'gauge' && type !== 'counter') {
    const problem = `metric "${name}" is of a type that sql_exporter does not have`
    mapping.fail(problem, 'type', 'it has gauge and counter')
  }
  const values = mapping.texts('values')
  const constant = mapping.text('static_value')
  const [value] = values
  if ((value === undefined) === (constant === undefined)) {
    mapping.fail(`metric "${name}" takes either "values" or "static_value"`, 'values')
  }
  if (constant !== undefined && !Number.isFinite(Number(constant))) {
    mapping.fail(`the "static_value" of metric "${name}" is not a number`, 'static_value')
  }
  const valueLabel = mapping.text('value_label')
  if (values.length > 1 && valueLabel === undefined) {
    mapping.fail(`metric "${name}" has several "values" and no "value_label"`, 'values')
  }
  const measures = values.length > 1 ? values : []
  const expression =
    value === undefined ? String(Number(constant)) : measures.length > 0 ? 'measure.value' : columnOf(value)
  const created = mapping.text('timestamp_value')
  return {
    metric: {
      name,
      // The zeros that a gauge is filled with would say 1970.
      type: type === 'gauge' && /_timestamp_seconds$/.test(name) ? 'timestamp' : type,
      help: mapping.required('help', `metric "${name}"`),
      expression,
      place: mapping.place(),
    },
    labels: [
      ...mapping.texts('key_labels').map(columnLabel),
      ...staticLabels(mapping),
      ...(valueLabel === undefined || value === undefined
        ? []
        : measures.length > 0
          ? [{ name: valueLabel, expression: 'measure.name', values }]
          : [{ name: valueLabel, expression: literal(value), values: [value] }]),
    ],
    measures,
    losses:
      created === undefined
        ? []
        : [
            {
              place: mapping.place('timestamp_value'),
              what: `timestamp_value of ${name}`,
              problem: 'samples are of the time of the scrape',
            },
          ],
  }
}

function staticLabels(mapping: Mapping): QuestionLabel[] {
  const labels = mapping.mapping('static_labels')
  if (labels === undefined) return []
  return labels.keys.toSorted().map((name) => {
    // Go reads a label without a value as the empty text.
    const value = labels.text(name) ?? ''
    return { name, expression: literal(value), values: [value] }
  })
}
