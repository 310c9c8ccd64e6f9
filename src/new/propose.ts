import { type CollectorLabel, OTHER } from '../contract/collector.ts'
import { checkNames } from '../contract/did-you-mean.ts'
import { Mistake } from '../finding.ts'
import type { StudiedColumn, Study } from '../query/study.ts'
import { formatDuration, parseDuration } from '../time/duration.ts'
import type { Answers } from './answers.ts'
import type { Draft, DraftLabel, DraftMetric } from './draft.ts'
import { checkRows, draftLabel } from './labels.ts'
import { draftMetric } from './metrics.ts'
import { wordsOf } from './names.ts'

/** A query may take this part of the time between two runs. */
const SHARE = 1 / 200
const INTERVALS = ['1m', '5m', '15m', '30m', '1h', '6h', '12h'].map((text) => parseDuration(text))
/** Labels that are of Prometheus, of a histogram or a summary, or of the service. */
const TAKEN = new Set<CollectorLabel['name']>(['job', 'instance', 'le', 'quantile', 'database'])

/**
 * Proposes a collector of this name for a query, without a window; what was answered counts. `tick` is in milliseconds.
 * Throws a Mistake when the query has no labels and values that a collector could have.
 */
export function propose(name: string, study: Study, answers: Answers, tick: number): Draft {
  const { columns, rows, seconds } = study
  const names = columns.map((column) => column.name)
  checkNames('--label names', [...answers.labels.keys()], names, 'columns')
  checkNames('--metric names', [...answers.metrics.keys()], names, 'columns')
  const isMetric = columns.map((column) => measures(column, columns, answers))
  if (!isMetric.includes(true)) {
    throw new Mistake('the query returns nothing to measure: no number, moment or duration', 'add count(*)')
  }
  const isKnown = (column: StudiedColumn, i: number) => isMetric[i] || answers.labels.has(column.name)
  if (rows.length === 0 && !columns.every(isKnown)) {
    throw new Mistake(
      'the query returns no rows, so that nothing is known of its labels',
      `say what they have: ${columns
        .filter((column, i) => !isKnown(column, i))
        .map((column) => `--label '${column.name}=open(20)'`)
        .join(' ')}`,
    )
  }
  const labels = columns.flatMap((_, i) => (isMetric[i] ? [] : [label(study, i, answers)]))
  checkRows(study, labels)
  const taken = new Set(labels.map(({ name }) => name))
  const metrics = columns.flatMap((_, i) => (isMetric[i] ? [metric(study, i, name, answers, taken)] : []))
  return {
    name,
    labels,
    metrics,
    interval: answers.interval ?? intervalFor(seconds, tick),
    window: undefined,
    database: undefined,
  }
}

/** Whether a column is a value, and not a label. */
function measures(column: StudiedColumn, columns: readonly StudiedColumn[], answers: Answers): boolean {
  const { name, kind, grouped, stored, type } = column
  if (answers.labels.has(name)) return false
  if (answers.metrics.has(name)) return true
  switch (kind) {
    case 'number':
      return !grouped && !(stored && (isNumbered(name) || columns.some(isComputed)))
    case 'duration':
    case 'money':
    case 'moment':
      return !grouped
    case 'boolean':
      return !grouped && columns.every((other) => other === column || other.kind === 'text')
    case 'other':
      throw new Mistake(
        `column "${name}" is ${type}, which is neither a label nor a value`,
        'leave it out of the query',
      )
    default:
      return false
  }
}

function isComputed({ kind, grouped, stored }: StudiedColumn): boolean {
  return ['number', 'duration', 'money'].includes(kind) && !grouped && !stored
}

/** Whether a column has the numbers of things, which are no amounts. */
function isNumbered(name: string): boolean {
  return ['id', 'code', 'year', 'number'].includes(wordsOf(name).at(-1) ?? '')
}

function label(study: Study, column: number, answers: Answers): DraftLabel {
  const { name = '' } = study.columns[column] ?? {}
  const answer = answers.labels.get(name)
  const drafted = draftLabel(study, column, answers.force)
  const own = TAKEN.has(drafted.name) ? `label_${drafted.name}` : drafted.name
  return { ...drafted, name: own, ...answer }
}

function metric(
  study: Study,
  column: number,
  collector: string,
  answers: Answers,
  taken: Set<string>,
): DraftMetric {
  const drafted = draftMetric(study, column, nounOf(collector))
  const answer = answers.metrics.get(study.columns[column]?.name ?? '')
  const { name = free(drafted.name, taken), type = drafted.type, help = drafted.help } = answer ?? {}
  taken.add(name)
  return { ...drafted, name, type, help }
}

/** What a collector is about: the words of its name, without what it is counted by. */
function nounOf(collector: string): string[] {
  const words = wordsOf(collector)
  const by = words.indexOf('by')
  return by > 0 ? words.slice(0, by) : words
}

function free(name: string, taken: ReadonlySet<string>): string {
  let own = name
  for (let i = 2; taken.has(own); i++) own = `${name}_${i}`
  return own
}

/** How often a query may run that takes this long; undefined for each tick. */
function intervalFor(seconds: number, tick: number): string | undefined {
  const wanted = (seconds * 1000) / SHARE
  if (wanted <= tick) return undefined
  const interval = INTERVALS.find((known) => known >= wanted) ?? INTERVALS.at(-1) ?? tick
  return interval <= tick ? undefined : formatDuration(interval)
}

/** Makes counters of the gauges of a draft, which count what is new by a column. */
export function counted(draft: Draft, column: string, settle: string): Draft {
  return {
    ...draft,
    window: { column, settle },
    interval: undefined,
    metrics: draft.metrics.map((metric) => ({
      ...metric,
      type: 'counter' as const,
      fold: 'sum' as const,
      name: metric.name.endsWith('_total') ? metric.name : `${metric.name}_total`,
    })),
  }
}

/** Whether a label takes values that have no series of their own. */
export function folds({ values }: DraftLabel): boolean {
  return values?.includes(OTHER) ?? true
}
