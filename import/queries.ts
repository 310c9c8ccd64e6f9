import { readColumns, readMetric } from './column.ts'
import { columnsOfHistogram, readHistogram } from './histogram.ts'
import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import { attempt, type Question, type QuestionMetric, type Reading } from './question.ts'
import { serversOf } from './servers.ts'
import { namedUrls } from './source-name.ts'

const QUERY_KEYS = ['query', 'metrics', 'master', 'cache_seconds', 'runonserver']
/** What other exporters add to the files of postgres_exporter. */
const CLOUD_NATIVE_KEYS = ['predicate_query', 'target_databases', 'primary', 'name']
const PG_EXPORTER_KEYS =
  'name desc tags ttl min_version max_version timeout fatal skip predicate_queries'.split(' ')

/** An exporter that reads such files: what its metrics begin with, and the keys of its queries. */
export interface Dialect {
  readonly program: string
  readonly prefix: string
  readonly keys: readonly string[]
}

const POSTGRES_EXPORTER: Dialect = { program: 'postgres_exporter', prefix: '', keys: QUERY_KEYS }
const CLOUD_NATIVE_PG: Dialect = {
  program: 'CloudNativePG',
  prefix: 'cnpg_',
  keys: [...QUERY_KEYS, ...CLOUD_NATIVE_KEYS],
}
const PG_EXPORTER: Dialect = {
  program: 'pg_exporter',
  prefix: '',
  keys: [...QUERY_KEYS, ...PG_EXPORTER_KEYS],
}

/** Whether a document is one of custom queries: one of its namespaces has a query. */
export function isQueries(document: Mapping): boolean {
  return document.keys.some((key) => document.isMapping(key) && document.mapping(key)?.isText('query'))
}

/** The exporter that a document of queries is for, as far as its keys tell. */
export function dialectOf(document: Mapping, isCloudNative: boolean): Dialect {
  const used = new Set(
    document.keys.flatMap((key) => (document.isMapping(key) ? (document.mapping(key)?.keys ?? []) : [])),
  )
  if (isCloudNative || CLOUD_NATIVE_KEYS.slice(0, 3).some((key) => used.has(key))) return CLOUD_NATIVE_PG
  return ['desc', 'ttl', 'min_version', 'max_version', 'tags'].some((key) => used.has(key))
    ? PG_EXPORTER
    : POSTGRES_EXPORTER
}

/**
 * Reads the custom queries of postgres_exporter, one for each namespace, or those of an exporter with files like its own.
 * https://github.com/prometheus-community/postgres_exporter
 */
export function readQueries(document: Mapping, isCloudNative = false): Reading {
  const dialect = dialectOf(document, isCloudNative)
  const losses: Loss[] = []
  const questions = document.keys.flatMap((namespace) => {
    const what = `query "${namespace}"`
    const place = document.place(namespace)
    return attempt(losses, what, place, () => {
      const entry = document.isMapping(namespace) ? document.mapping(namespace) : undefined
      if (entry?.isText('query') !== true) {
        // What has no metrics is there to be an anchor.
        losses.push({ place, what, problem: 'it has no "query"', harmless: entry?.has('metrics') !== true })
        return []
      }
      if (dialect === PG_EXPORTER && entry.flag('skip')) {
        losses.push({ place: entry.place('skip'), what, problem: 'it is to be skipped', harmless: true })
        return []
      }
      return readNamespace(namespace, entry, place, dialect)
    })
  })
  const databases = new Set(questions.flatMap(({ databases }) => databases ?? []))
  return {
    program: dialect.program,
    questions,
    losses: [...document.losses, ...losses],
    steps: [
      databases.size === 0
        ? 'set DATABASE_URL, for DATA_SOURCE_NAME: one URL, or a URL with a name for each database'
        : `set ${namedUrls([...databases])}, for DATA_SOURCE_NAME: some queries are for databases of these names`,
    ],
    differences: [
      'the label server is not on the samples: the scrape configuration adds instance',
      'NULL is no sample, where the exporter showed NaN; what is NaN or an infinity is rejected',
    ],
  }
}

function readNamespace(key: string, entry: Mapping, place: string, dialect: Dialect): Question[] {
  const { program, prefix, keys } = dialect
  const namespace = `${prefix}${entry.text('name') ?? key}`
  const query = entry.text('query') ?? ''
  const columns = readColumns(entry, program)
  const servers = serversOf(entry)
  const losses = [
    ...entry.unknown(`a query of ${program}`, keys),
    ...columns.flatMap(({ losses }) => losses),
    ...servers.losses,
  ]
  const metrics: QuestionMetric[] = []
  const extra: Question[] = []
  const base: Question = {
    name: entry.text('name') ?? key,
    what: `query "${key}"`,
    place,
    query,
    labels: columns
      .filter(({ usage }) => usage === 'LABEL')
      .map(({ column, name }) => ({ name, value: { column }, values: undefined })),
    metrics,
    measures: [],
    moments: 'seconds',
    unlisted: {
      listed: columns.flatMap(({ column, usage }) =>
        usage === 'HISTOGRAM' ? columnsOfHistogram(column) : [column],
      ),
      name: (column) => `${namespace}_${column}`,
    },
    conditions: conditionsOf(entry),
    interval: intervalOf(entry, losses),
    databases: servers.databases,
    versions: servers.versions,
    role: servers.role,
    notes: servers.notes,
    losses,
  }
  for (const column of columns) {
    if (column.usage === 'LABEL' || column.usage === 'DISCARD') continue
    if (column.usage === 'HISTOGRAM' && dialect === PG_EXPORTER) {
      const problem = 'its histogram adds up one value of each row'
      const advice = 'use histogram and observe: docs/collectors.md'
      losses.push({ place: column.options.place(), what: `column "${column.column}"`, problem, advice })
      continue
    }
    if (column.usage === 'HISTOGRAM') {
      const made = readHistogram(namespace, column, base)
      metrics.push(...made.metrics)
      extra.push(...made.questions)
      continue
    }
    const metric = attempt(losses, `column "${column.column}"`, column.options.place(), () => [
      readMetric(namespace, column),
    ])
    metrics.push(...metric)
  }
  return [base, ...extra]
}

/** What has to be true for CloudNativePG, and for pg_exporter. */
function conditionsOf(entry: Mapping): string[] {
  const one = entry.text('predicate_query')
  const several = entry.mappings('predicate_queries').map((query) => query.required('query', 'a predicate'))
  return [...(one === undefined ? [] : [one]), ...several].map((sql) => sql.trim().replace(/;$/, ''))
}

/** Milliseconds between two runs; undefined for each tick. */
function intervalOf(entry: Mapping, losses: Loss[]): number | undefined {
  const key = entry.has('ttl') ? 'ttl' : 'cache_seconds'
  const seconds = Number(entry.text(key) ?? 0)
  if (Number.isFinite(seconds) && seconds >= 0) return seconds === 0 ? undefined : seconds * 1000
  losses.push({
    place: entry.place(key),
    what: `key "${key}"`,
    problem: 'it takes seconds',
    advice: 'set interval',
  })
  return undefined
}
