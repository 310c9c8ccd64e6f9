import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import { attempt, columnLabel, type Question, type QuestionLabel, type Reading } from './question.ts'
import { databaseUrl, nameFor, type Source, sourceOf } from './source-name.ts'
import { literal } from './sql.ts'

const PROGRAM = 'sql_exporter of justwatch'
const CONFIG_KEYS = ['jobs', 'queries', 'configuration', 'cloudsql_config']
const JOB_KEYS = ['name', 'interval', 'cron_schedule', 'connections', 'startup_sql', 'queries']
const QUERY_KEYS = ['name', 'help', 'labels', 'values', 'query', 'query_ref', 'timestamp', 'allow_zero_rows']

/** Whether a document is of the sql_exporter that Debian has: its jobs have connections and queries. */
export function isJustwatch(document: Mapping): boolean {
  return document.isList('jobs') && document.mappings('jobs').some((job) => job.has('connections'))
}

/** Reads a configuration of https://github.com/justwatchcom/sql_exporter. */
export function readJustwatch(document: Mapping): Reading {
  const losses: Loss[] = document.unknown(`a configuration of ${PROGRAM}`, CONFIG_KEYS)
  const shared = document.mapping('queries')
  const jobs = document.mappings('jobs').map((job) => {
    const names = job.has('connections') ? job.texts('connections') : []
    const sources = names.map((name) => sourceOf(name))
    return { job, sources: new Map(sources.map((source, i) => [nameOf(source, i), source])) }
  })
  const sources = new Map(jobs.flatMap(({ sources }) => [...sources]))
  const questions = jobs.flatMap(({ job, sources: own }) => {
    losses.push(...job.unknown(`a job of ${PROGRAM}`, JOB_KEYS), ...startLoss(job))
    const databases = own.size < sources.size ? [...own.keys()] : undefined
    const [interval] = attempt(losses, 'key "interval"', job.place('interval'), () => [
      job.duration('interval'),
    ])
    return job.mappings('queries').flatMap((query) => {
      const what = `query "${query.text('name') ?? ''}"`
      return attempt(losses, what, query.place(), () => {
        losses.push(...query.unknown(`a query of ${PROGRAM}`, QUERY_KEYS))
        const labels = connectionLabels(job, own, sources.size > 1)
        return [{ ...readQuery(query, shared, labels), interval: interval || undefined, databases }]
      })
    })
  })
  return {
    program: PROGRAM,
    questions,
    losses: [...document.losses, ...losses],
    steps: [`set ${databaseUrl(sources)}, with the passwords, which were not copied`],
    differences:
      sources.size > 1
        ? ['the label database has the name that DATABASE_URL gives, host and user have none']
        : [],
  }
}

function nameOf({ database }: Source, i: number): string {
  return database === '' ? `database-${i + 1}` : nameFor(database)
}

function startLoss(job: Mapping): Loss[] {
  if (!job.has('startup_sql')) return []
  const problem = 'a session has the settings of the service'
  const advice = 'give a role its settings: ALTER ROLE … SET …'
  return [{ place: job.place('startup_sql'), what: 'startup_sql', problem, advice }]
}

/** The labels that say which connection a sample is of. With several databases the service has the label database itself. */
function connectionLabels(job: Mapping, own: ReadonlyMap<string, Source>, named: boolean): QuestionLabel[] {
  const [only] = own.values()
  const fixed: [string, string][] = [
    ['driver', 'postgres'],
    ['sql_job', job.text('name') ?? ''],
    ...(only === undefined || named || only.host === ''
      ? []
      : ([
          ['database', only.database],
          ['host', only.host],
          ['user', only.user],
        ] satisfies [string, string][])),
  ]
  return fixed.map(([name, value]) => ({ name, value: { sql: literal(value), needs: [] }, values: [value] }))
}

function readQuery(
  query: Mapping,
  shared: Mapping | undefined,
  connection: readonly QuestionLabel[],
): Question {
  const name = query.required('name', 'a query')
  const ref = query.text('query_ref')
  const sql = query.text('query') ?? (ref === undefined ? undefined : shared?.text(ref))
  if (sql === undefined) query.fail('it has no query')
  const values = query.texts('values')
  if (values.length === 0) query.fail('it has no "values"')
  const labels = query.has('labels') ? query.texts('labels') : []
  return {
    name,
    what: `query "${name}"`,
    place: query.place(),
    query: sql ?? '',
    labels: [
      ...labels.map(columnLabel),
      ...connection,
      {
        name: 'col',
        value: { sql: values.length > 1 ? 'measure.name' : literal(values[0] ?? ''), needs: [] },
        values,
      },
    ],
    metrics: [
      {
        // The exporter leaves out what no name has.
        name: `sql_${name.replaceAll(/[^a-zA-Z0-9_:]/g, '')}`,
        type: 'gauge',
        help: query.text('help')?.trim() || name,
        value: values.length > 1 ? { sql: 'measure.value', needs: values } : { column: values[0] ?? '' },
        place: query.place(),
      },
    ],
    measures: values.length > 1 ? values : [],
    moments: 'rfc3339',
    interval: undefined,
    notes: [],
    losses: [],
  }
}
