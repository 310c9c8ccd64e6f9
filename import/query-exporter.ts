import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import { attempt, columnLabel, type Question, type QuestionMetric, type Reading } from './question.ts'
import { databaseUrl, nameFor, type Source, sourceOf } from './source-name.ts'

const PROGRAM = 'query-exporter'
const CONFIG_KEYS = ['databases', 'metrics', 'queries']
const DATABASE_KEYS = ['dsn', 'connect-sql', 'labels', 'keep-connected', 'autocommit']
const METRIC_KEYS = ['type', 'description', 'labels', 'increment', 'expiration', 'buckets', 'states']
const QUERY_KEYS = ['databases', 'interval', 'schedule', 'metrics', 'sql', 'parameters', 'timeout']

/** Whether a document is of query-exporter: it has databases, metrics and queries with "sql". */
export function isQueryExporter(document: Mapping): boolean {
  const queries = document.isMapping('queries') ? document.mapping('queries') : undefined
  return queries?.keys.some((name) => queries.isMapping(name) && queries.mapping(name)?.has('sql')) === true
}

/** Reads a configuration of https://github.com/albertodonato/query-exporter. */
export function readQueryExporter(document: Mapping): Reading {
  const losses: Loss[] = document.unknown(`a configuration of ${PROGRAM}`, CONFIG_KEYS)
  const databases = document.mapping('databases')
  const sources = new Map(
    (databases?.keys ?? []).map((name) => [nameFor(name), readSource(databases?.mapping(name), losses)]),
  )
  const labels = new Set(
    (databases?.keys ?? []).flatMap((name) => databases?.mapping(name)?.mapping('labels')?.keys ?? []),
  )
  const metrics = document.mapping('metrics')
  const queries = document.mapping('queries')
  const questions = (queries?.keys ?? []).flatMap((name) =>
    attempt(losses, `query "${name}"`, document.place('queries'), () => {
      const entry = queries?.mapping(name) ?? document.fail('it is empty', 'queries')
      losses.push(...entry.unknown(`a query of ${PROGRAM}`, QUERY_KEYS))
      const question = readQuery(name, entry, metrics, losses)
      const own = entry.texts('databases').map(nameFor)
      return [{ ...question, databases: own.length < sources.size ? own : undefined }]
    }),
  )
  const named = [...sources].map(([name, { url }]) => `${name}=${url}`).join(' ')
  return {
    program: PROGRAM,
    questions,
    losses: [...document.losses, ...losses],
    steps: [
      sources.size > 1
        ? `set ${databaseUrl(sources)}, with the passwords, which were not copied`
        : `set DATABASE_URL='${named}', with the password: the name is the value of the label database`,
    ],
    differences: [
      'the service has metrics of its own for queries and database_errors',
      ...(labels.size === 0
        ? []
        : [
            `the labels ${[...labels].join(', ')} of its databases are not on the samples: let the scrape configuration add them by the label database`,
          ]),
    ],
  }
}

/** Where a database is: a data source name, or the parts of one. */
function readSource(database: Mapping | undefined, losses: Loss[]): Source {
  if (database === undefined) return sourceOf(undefined)
  losses.push(...database.unknown(`a database of ${PROGRAM}`, DATABASE_KEYS))
  if (database.has('connect-sql')) {
    const problem = 'a session has the settings of the service'
    const advice = 'give a role its settings: ALTER ROLE … SET …'
    losses.push({ place: database.place('connect-sql'), what: 'connect-sql', problem, advice })
  }
  if (!database.isMapping('dsn')) return sourceOf(database.text('dsn'))
  const parts = database.mapping('dsn')
  const [dialect = 'postgresql', user = '', host = '', port, name = ''] = [
    'dialect',
    'user',
    'host',
    'port',
    'database',
  ].map((key) => parts?.text(key))
  return sourceOf(
    `${dialect}://${user}${user === '' ? '' : '@'}${host}${port === undefined ? '' : `:${port}`}/${name}`,
  )
}

function readQuery(name: string, entry: Mapping, metrics: Mapping | undefined, losses: Loss[]): Question {
  const used = entry.texts('metrics').map((metric) => ({
    metric,
    options: metrics?.mapping(metric) ?? entry.fail(`there is no metric "${metric}"`, 'metrics'),
  }))
  const labels = new Set(
    used.flatMap(({ options }) => (options.has('labels') ? options.texts('labels') : [])),
  )
  for (const key of ['schedule', 'parameters']) {
    if (!entry.has(key)) continue
    const advice = key === 'schedule' ? 'set interval' : 'write the values into the query'
    losses.push({
      place: entry.place(key),
      what: `${key} of query "${name}"`,
      problem: 'there is no such thing here',
      advice,
    })
  }
  return {
    name,
    what: `query "${name}"`,
    place: entry.place(),
    query: entry.required('sql', 'a query'),
    labels: [...labels].map(columnLabel),
    metrics: used.map(({ metric, options }) => {
      losses.push(...options.unknown(`a metric of ${PROGRAM}`, METRIC_KEYS))
      return readMetric(metric, options)
    }),
    measures: [],
    moments: 'text',
    interval: intervalOf(entry),
    notes: [],
    losses: [],
  }
}

function readMetric(name: string, options: Mapping): QuestionMetric {
  const type = options.text('type') ?? 'gauge'
  const help = options.text('description')?.trim() || `Metric ${name}.`
  const base = { help, value: { column: name }, place: options.place() }
  if (type === 'gauge') return { ...base, name, type }
  // The client of Python adds it.
  const counter = {
    ...base,
    name: name.endsWith('_total') ? name : `${name}_total`,
    type: 'counter' as const,
  }
  if (type === 'counter' && !options.flag('increment')) return counter
  const obstacle =
    type === 'enum'
      ? { problem: 'it is an enum, whose value is a text', advice: 'make the text a label, and 1 the value' }
      : {
          problem: `it is a ${type} that adds up what each run returns`,
          advice: 'count what is new in a window: docs/windows.md',
        }
  return { ...counter, name, obstacle }
}

/** Seconds, or a duration as `5m`. */
function intervalOf(entry: Mapping): number | undefined {
  const text = entry.text('interval')
  if (text === undefined) return undefined
  const seconds = Number(text)
  return Number.isFinite(seconds) ? seconds * 1000 || undefined : entry.duration('interval')
}
