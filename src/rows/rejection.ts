import type { CollectorLabel, CollectorMetric } from '../contract/collector.ts'
import { columnOf } from '../query/columns.ts'

/** How much of a value a message shows. */
const SHOWN = 80
/** How PostgreSQL writes an interval: https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-INTERVAL-OUTPUT */
const INTERVAL = /^(-?\d+ (years?|mons?|days?) ?)*(-?\d+:\d\d:\d\d(\.\d+)?)?$/

/** Why the value of a metric is none, and what to write instead. */
export function badValue(metric: CollectorMetric, given: unknown): string {
  return tell(
    `${metric.name} is ${show(given)}, which is not a value that it takes`,
    valueInstead(metric, given),
  )
}

/** Why a label cannot have a value, and what to write instead. */
export function badLabel(label: CollectorLabel, given: unknown): string {
  return tell(
    `${label.name} is ${show(given)}, which is not a value that the label takes`,
    labelInstead(label, given),
  )
}

/** Why a row cannot stand beside one before it, and what to write instead. */
export function duplicate(labels: readonly CollectorLabel[], texts: readonly string[]): string {
  if (labels.length === 0)
    return 'a row before it has no labels either — write: one row, or a label to tell them apart'
  const names = labels.map(({ name }) => name).join(', ')
  return `a row before it had the same labels (${names}: ${show(texts.join(', '))}) — write: GROUP BY ${names}`
}

function tell(problem: string, instead: string | undefined): string {
  return instead === undefined ? problem : `${problem} — write: ${instead}`
}

function valueInstead(metric: CollectorMetric, given: unknown): string | undefined {
  const { name, type } = metric
  if (type === 'histogram') return columnOf(metric)
  if (given === null) return `coalesce(…, 0) AS ${name}`
  if (typeof given === 'boolean') return `(…)::int AS ${name}`
  const isInterval = typeof given === 'string' && given !== '' && INTERVAL.test(given)
  // What is a moment or a span of time for PostgreSQL is seconds for Prometheus.
  if (given instanceof Date || isInterval) return `extract(epoch FROM …) AS ${name}`
  if (type === 'counter' && Number(given) < 0) return `${name}: gauge('…'), for a counter never falls`
  return undefined
}

function labelInstead({ name, values }: CollectorLabel, given: unknown): string | undefined {
  if (given === null) return `coalesce(${name}, '${values?.at(-1) ?? 'none'}') AS ${name}`
  if (typeof given === 'object') return `…::text AS ${name}`
  if (typeof given === 'string' && (values === undefined || given.length > SHOWN))
    return `left(…, ${SHOWN}) AS ${name}`
  if (values === undefined) return undefined
  const [first] = values
  return `${name}: ['${first}', …, '${given}'], or with 'other' in that list for whatever is not in it`
}

function show(given: unknown): string {
  if (given instanceof Date) return Number.isNaN(given.getTime()) ? 'no moment' : given.toISOString()
  if (typeof given !== 'string') return String(given)
  const text = JSON.stringify(given.slice(0, SHOWN))
  return given.length > SHOWN ? `${text}… (${given.length} characters)` : text
}
