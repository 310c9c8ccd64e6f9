import type { CollectorLabel, CollectorMetric } from '../contract/collector.ts'
import { takesNegative } from '../contract/metric.ts'
import type { Finding } from '../finding.ts'
import { columnOf } from '../query/columns.ts'
import { Bytes } from './bytes.ts'
import { show } from './show.ts'

/** Characters of a value that a label may be cut to, and that the log shows. */
const SHORT = 80
/** Characters of a value that people see who ask for it. */
const WHOLE = 1000
/** Stands for a value that the log is not to have. */
const HIDDEN = '(value hidden)'

/** Why a row, or a value of it, was rejected. What it says of the value is more than the log has. */
export interface Rejection extends Finding {
  /** The finding for the log, which others read: with the beginning of the value, and with nothing of it. */
  readonly logged?: { readonly short: Finding; readonly hidden: Finding }
}

/** Writes a finding about a value of a row for people, and for the log with less of it. */
function about(given: unknown, write: (shown: string, given: unknown) => Finding): Rejection {
  return {
    ...write(show(given, WHOLE), given),
    logged: {
      short: write(show(given, SHORT), given),
      hidden: write(HIDDEN, typeof given === 'string' ? '…' : given),
    },
  }
}
/** How PostgreSQL writes an interval: https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-INTERVAL-OUTPUT */
const INTERVAL = /^(-?\d+ (years?|mons?|days?) ?)*(-?\d+:\d\d:\d\d(\.\d+)?)?$/

/** Says that a metric does not take a value. */
export function badValue(metric: CollectorMetric, given: unknown): Rejection {
  return about(given, (shown) => ({
    problem: `${metric.name} is ${shown}, which is not a value that it takes`,
    advice: write(valueInstead(metric, given)),
    about: metric.name,
  }))
}

/** Says that a histogram leaves observations out, because no bucket takes them. */
export function badObservations(metric: CollectorMetric, count: number): Finding {
  const kinds = takesNegative(metric) ? 'NaN or infinite' : 'NaN, infinite or negative'
  return {
    problem: `${metric.name} leaves out observations that are ${kinds}: ${count}`,
    about: metric.name,
  }
}

/** Says that a label does not take a value. */
export function badLabel(label: CollectorLabel, given: unknown): Rejection {
  return about(given, (shown, known) => ({
    problem: `${label.name} is ${shown}, which is not a value that the label takes`,
    advice: write(labelInstead(label, known)),
    about: label.name,
  }))
}

/** Says that a row has the labels of one before it. */
export function duplicate(labels: readonly CollectorLabel[], texts: readonly string[]): Rejection {
  if (labels.length === 0) {
    return {
      problem: 'a row before it has no labels either',
      advice: write('one row, or a label to tell them apart'),
      about: 'query',
    }
  }
  const names = labels.map(({ name }) => name).join(', ')
  return about(texts.join(', '), (shown) => ({
    problem: `a row before it had the same labels (${names}: ${shown})`,
    advice: write(`GROUP BY ${names}`),
    about: 'query',
  }))
}

function write(instead: string | undefined): string | undefined {
  return instead === undefined ? undefined : `write: ${instead}`
}

function valueInstead(metric: CollectorMetric, given: unknown): string | undefined {
  const { name, type } = metric
  if (type === 'histogram') return columnOf(metric)
  if (typeof given === 'boolean') return `(…)::int AS ${name}`
  const isInterval = typeof given === 'string' && given !== '' && given.length < SHORT && INTERVAL.test(given)
  // What is a moment or a span of time for PostgreSQL is seconds for Prometheus.
  if (given instanceof Date || isInterval) return `extract(epoch FROM …) AS ${name}`
  if (type === 'counter' && typeof given !== 'object' && Number(given) < 0)
    return `${name}: gauge('…'), because a counter never falls`
  return undefined
}

function labelInstead({ name, values }: CollectorLabel, given: unknown): string | undefined {
  if (given === null) return `coalesce(${name}, '${values?.at(-1) ?? 'none'}') AS ${name}`
  if (given instanceof Bytes)
    return `convert_from(convert(convert_to(${name}, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'SQL_ASCII') AS ${name}, if it is LATIN1`
  if (typeof given === 'object') return `…::text AS ${name}`
  if (typeof given === 'string' && (values === undefined || given.length > SHORT))
    return `left(…, ${SHORT}) AS ${name}`
  if (values === undefined) return undefined
  if (typeof given === 'boolean') return `${name}: ['true', 'false']`
  const [first] = values
  return `${name}: ['${first}', …, '${given}'], or with 'other' in that list for whatever is not in it`
}
