import type { ISql } from 'postgres'
import { formatDuration, parseDuration } from '../time/duration.ts'
import type { Definition, Fragment, WindowContext } from './definition.ts'
import type { Label, Labels } from './label.ts'
import type { Metric } from './metric.ts'

/** A definition that was checked: names in column order, durations in milliseconds. */
export interface Collector {
  readonly name: string
  readonly labels: readonly CollectorLabel[]
  readonly metrics: readonly CollectorMetric[]
  readonly databases: readonly string[] | undefined
  readonly interval: number | undefined
  readonly timeout: number | undefined
  /** Of an incremental collector, how long until a window is counted for good. */
  readonly settle: number | undefined
  readonly query: (sql: ISql, context: WindowContext) => Fragment
}

export interface CollectorLabel {
  readonly name: string
  /** The values of a closed label; undefined for an open one. */
  readonly values: readonly string[] | undefined
  /** How many values keep a series of their own. */
  readonly limit: number
  /** Whether "other" takes the values that have no series of their own. */
  readonly other: boolean
}

export interface CollectorMetric extends Metric {
  readonly name: string
}

/** The value of a label that takes what has no series of its own. */
export const OTHER = 'other'

const NAME = /^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/
/** https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/
/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS */
const LONGEST_IDENTIFIER = 63
/** A timer cannot wait longer than 2^31 - 1 milliseconds; this is far below it, and that of COLLECTOR_TIMEOUT. */
const LONGEST_TIMEOUT = parseDuration('24h')

/** Throws an Error that names the collector and what is wrong with its definition. */
export function checkDefinition({
  name,
  labels = {},
  metrics,
  databases,
  interval,
  timeout,
  window,
  query,
}: Definition): Collector {
  const fail = (problem: string): never => {
    throw new Error(`collector "${name}": ${problem}`)
  }
  if (typeof name !== 'string' || !NAME.test(name)) fail('its name is not lower-case words joined by hyphens')
  if (typeof query !== 'function') fail('it has no query: query: (sql) => sql`SELECT …`')
  if (Object.keys(metrics ?? {}).length === 0)
    fail("it has no metrics: metrics: { business_things: gauge('Things.') }")

  for (const column of [...Object.keys(labels), ...Object.keys(metrics)]) {
    if (column.length > LONGEST_IDENTIFIER) {
      fail(
        `"${column}" is longer than ${LONGEST_IDENTIFIER} characters, at which PostgreSQL cuts a column's name`,
      )
    }
    if (Object.hasOwn(labels, column) && Object.hasOwn(metrics, column))
      fail(`"${column}" is both a label and a metric`)
  }
  const milliseconds = (field: string, text: string | undefined) => {
    if (text === undefined) return undefined
    const value = durationOf(text)
    if (value === undefined)
      return fail(`its ${field} "${text}" is not a duration such as 60s, 1m30s or 500ms`)
    if (value === 0 && field !== 'settle') fail(`its ${field} is 0`)
    return value
  }
  const settle = milliseconds('settle', window?.settle)
  if (window !== undefined && settle === undefined) fail("its window has no settle: window: { settle: '2m' }")
  const checked = Object.entries(metrics).map(([metric, of]) => checkMetric(metric, of, labels, fail))
  const other = checked.find(({ type }) => type === 'gauge' || type === 'timestamp')
  if (window !== undefined && other !== undefined) {
    fail(`"${other.name}" is a ${other.type}, and a window is for counters and histograms`)
  }
  return {
    name,
    labels: Object.entries(labels).map(([label, values]) => checkLabel(label, values, fail)),
    metrics: checked,
    databases: checkDatabases(databases, fail),
    interval: milliseconds('interval', interval),
    timeout: checkTimeout(milliseconds('timeout', timeout), fail),
    settle,
    query,
  }
}

function checkDatabases(
  databases: readonly string[] | undefined,
  fail: (problem: string) => never,
): readonly string[] | undefined {
  const wrong =
    databases !== undefined &&
    (!Array.isArray(databases) ||
      databases.some((name) => typeof name !== 'string') ||
      databases.length === 0)
  if (wrong) fail(`its databases are ${JSON.stringify(databases)}: list their names, or leave it out for all`)
  return databases
}

function checkTimeout(timeout: number | undefined, fail: (problem: string) => never): number | undefined {
  if (timeout !== undefined && timeout > LONGEST_TIMEOUT) {
    fail(`its timeout is longer than ${formatDuration(LONGEST_TIMEOUT)}`)
  }
  return timeout
}

function durationOf(text: string): number | undefined {
  try {
    return parseDuration(text)
  } catch {
    return undefined
  }
}

function checkLabel(name: string, label: Label, fail: (problem: string) => never): CollectorLabel {
  if (!LABEL_NAME.test(name))
    fail(`"${name}" is not a label name: letters, digits and _, not starting with __`)
  if (typeof label !== 'object' || label === null) {
    fail(`label "${name}" is ${JSON.stringify(label)}: list its values, or open(200)`)
  }
  if ('open' in label) {
    if (!Number.isInteger(label.open) || label.open < 1)
      fail(`label "${name}": open(${label.open}) takes a whole number from 1`)
    return { name, values: undefined, limit: label.open, other: true }
  }
  if (!Array.isArray(label) || label.length === 0)
    fail(`label "${name}" has no values: list them, or open(200)`)
  const wrong = label.find((value, i) => typeof value !== 'string' || label.indexOf(value) < i)
  if (wrong !== undefined)
    fail(`label "${name}": ${JSON.stringify(wrong)} is listed twice or is not a string`)
  return { name, values: label, limit: label.length, other: label.includes(OTHER) }
}

function checkMetric(
  name: string,
  metric: Metric,
  labels: Labels,
  fail: (problem: string) => never,
): CollectorMetric {
  if (!METRIC_NAME.test(name)) fail(`"${name}" is not a metric name: letters, digits, _ and :`)
  if (typeof metric?.help !== 'string' || metric.help.trim() === '') fail(`metric "${name}" has no help text`)
  if (metric.type === 'histogram') {
    const { buckets } = metric
    const ascending = buckets.every(
      (bound, i) => Number.isFinite(bound) && bound > (buckets[i - 1] ?? Number.NEGATIVE_INFINITY),
    )
    if (buckets.length === 0 || !ascending)
      fail(`histogram "${name}" needs finite bucket bounds in ascending order`)
    if (Object.hasOwn(labels, 'le')) fail(`the label "le" is the bucket bound of histogram "${name}"`)
  }
  return { name, ...metric }
}
