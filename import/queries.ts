import type { Loss } from './loss.ts'
import { columnLabel, type Question, type QuestionMetric, type Reading } from './question.ts'
import { caseOf, columnOf, literal } from './sql.ts'
import type { Mapping } from './yaml.ts'

const QUERY_KEYS = ['query', 'metrics', 'master', 'cache_seconds', 'runonserver']
const COLUMN_KEYS = ['usage', 'description', 'metric_mapping', 'pg_version']
const USAGES = ['LABEL', 'COUNTER', 'GAUGE', 'DISCARD', 'MAPPEDMETRIC', 'DURATION', 'HISTOGRAM']

/** Names of columns that are moments or booleans. Only the database knows their types, so that the name has to do. */
const MOMENT =
  /(^|_)(time|timestamp|start|reset|at)(_seconds)?$|^last_(auto)?(vacuum|analyze)$|^last_(seq|idx)_scan$/
const FLAG = /^(is|has|can)_|(^|_)(active|enabled|in_recovery|ready|up)$/

/** Whether a document is of postgres_exporter: one of its namespaces has a query. */
export function isQueries(document: Mapping): boolean {
  return document.keys.some((key) => document.isMapping(key) && document.mapping(key)?.has('query'))
}

/**
 * Reads the custom queries of postgres_exporter, one for each namespace.
 * https://github.com/prometheus-community/postgres_exporter
 */
export function readQueries(document: Mapping): Reading {
  const questions = document.keys.map((namespace) => {
    const entry = document.mapping(namespace) ?? document.fail(`"${namespace}" has no query`, namespace)
    return readNamespace(namespace, entry, document.place(namespace))
  })
  return {
    program: 'postgres_exporter',
    questions,
    losses: [],
    advice: [
      'DATABASE_URL, for DATA_SOURCE_NAME: a URL with a name for each database, those discovered included',
      'the label server is not on the samples: the scrape configuration adds instance',
      'NULL is no sample, where the exporter showed NaN',
      'columns that "metrics" does not list are left out: the exporter showed those that are numbers',
      'only the database knows the types of columns: a boolean or a timestamp that is not seen as such by its name is ' +
        'rejected, counted and logged; write source.name::int, or extract(epoch FROM source.name)',
    ],
  }
}

function readNamespace(namespace: string, entry: Mapping, place: string): Question {
  entry.expect(`a query of postgres_exporter`, QUERY_KEYS)
  const query = entry.text('query') ?? ''
  const labels: string[] = []
  const metrics: QuestionMetric[] = []
  const losses: Loss[] = []
  const seconds = Number(entry.text('cache_seconds') ?? 0)
  if (!Number.isInteger(seconds) || seconds < 0)
    entry.fail('"cache_seconds" takes whole seconds', 'cache_seconds')
  const versions = entry.text('runonserver')
  if (versions !== undefined) {
    const problem = `it was asked of versions ${versions} only, and is of all now`
    losses.push({ place: entry.place('runonserver'), what: 'runonserver', problem })
  }
  for (const item of entry.mappings('metrics')) {
    for (const column of item.keys) {
      const options = item.mapping(column) ?? item.fail(`column "${column}" has no "usage"`, column)
      options.expect(`a column of postgres_exporter`, COLUMN_KEYS)
      const usage = options.text('usage') ?? item.fail(`column "${column}" has no "usage"`, column)
      if (!USAGES.includes(usage)) {
        item.fail(`the usage of column "${column}" is none of ${USAGES.join(', ')}`, column)
      }
      if (options.has('pg_version')) {
        const what = `pg_version of column ${column}`
        const problem = 'it is asked of all versions now'
        losses.push({ place: options.place('pg_version'), what, problem })
      }
      if (usage === 'LABEL') labels.push(column)
      else if (usage !== 'DISCARD') {
        metrics.push(readColumn(namespace, column, usage, item, options))
      }
    }
  }
  return {
    name: namespace,
    what: `query "${namespace}"`,
    place,
    query,
    labels: labels.map(columnLabel),
    metrics,
    measures: [],
    interval: seconds === 0 ? undefined : seconds * 1000,
    notes: [],
    losses,
  }
}

function readColumn(
  namespace: string,
  column: string,
  usage: string,
  item: Mapping,
  options: Mapping,
): QuestionMetric {
  const source = columnOf(column)
  const base = {
    name: `${namespace}_${column}`,
    type: 'gauge' as const,
    help: options.text('description')?.trim() || `Column ${column} of ${namespace}.`,
    expression: source,
    place: item.place(column),
  }
  if (usage === 'HISTOGRAM') {
    const obstacle = {
      problem: 'the bounds of its buckets are in the rows, and here they are of the metric',
      advice: `declare histogram(help, bounds), and let observe('${base.name}', …) count the rows`,
    }
    return { ...base, obstacle }
  }
  if (usage === 'DURATION') {
    // Whole milliseconds, and -1 for none, as the exporter reads a duration.
    const expression = `trunc(extract(epoch FROM nullif(${source}::text, '-1')::interval) * 1000)`
    return { ...base, name: `${base.name}_milliseconds`, expression }
  }
  if (usage === 'MAPPEDMETRIC') {
    const mapping =
      options.mapping('metric_mapping') ?? options.fail(`column "${column}" has no "metric_mapping"`)
    const cases = mapping.keys.map((text) => {
      const value = Number(mapping.text(text))
      if (!Number.isFinite(value)) mapping.fail(`"${text}" is mapped to what is not a number`, text)
      return `WHEN ${literal(text)} THEN ${value}`
    })
    return { ...base, expression: caseOf(` ${source}::text`, cases) }
  }
  if (usage === 'GAUGE' && FLAG.test(column)) {
    return {
      ...base,
      expression: caseOf(` ${source}::text`, [
        "WHEN 'true' THEN '1'",
        "WHEN 'false' THEN '0'",
        `ELSE ${source}::text`,
      ]),
    }
  }
  if (column === 'stats_reset' || (usage === 'GAUGE' && MOMENT.test(column))) {
    // Without a time zone it is taken as of UTC, as the exporter takes it.
    const expression = caseOf(` pg_typeof(${source})`, [
      `WHEN 'timestamptz'::regtype THEN extract(epoch FROM ${source}::text::timestamptz)`,
      `WHEN 'timestamp'::regtype THEN extract(epoch FROM ${source}::text::timestamp)`,
      `WHEN 'date'::regtype THEN extract(epoch FROM ${source}::text::date)`,
      `ELSE ${source}::text::numeric`,
    ])
    return { ...base, type: 'timestamp', expression }
  }
  return { ...base, type: usage === 'COUNTER' ? 'counter' : 'gauge' }
}
