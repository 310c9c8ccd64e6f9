import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { ISql, PendingQuery, Row } from 'postgres'
import { formatDuration, parseDuration } from './duration.ts'

/** A label whose values only the data knows: the `limit` largest keep a series, the rest fold into "other". */
export interface OpenLabel {
  readonly open: number
}

/**
 * A label: the list of its values, or `open(n)`. A list is closed: each of its values has a series from the first
 * page on, at 0 when the query returns no row for it. A value that is not listed counts as "other" when the list
 * has that, and its row is rejected otherwise.
 */
export type Label = readonly string[] | OpenLabel

/** How several label sets that fold into one make one value; `none`: they cannot, so no value is shown for them. */
export type Fold = 'sum' | 'min' | 'max' | 'none'

export interface Metric<Type extends string = 'gauge' | 'counter' | 'histogram' | 'timestamp'> {
  readonly type: Type
  readonly help: string
  readonly fold: Fold
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  readonly buckets: readonly number[]
}

export type Labels = Readonly<Record<string, Label>>
export type Metrics = Readonly<Record<string, Metric>>

/** The names of a collector's histograms: what `observe` takes. */
type HistogramName<M extends Metrics> = {
  [Name in keyof M]: M[Name]['type'] extends 'histogram' ? Name : never
}[keyof M] &
  string

/** A piece of SQL: what the sql`…` tag makes. */
export type Fragment = PendingQuery<Row[]>

/** What a query is given beside the sql`…` tag. */
export interface QueryContext<M extends Metrics = Metrics> {
  /**
   * Writes the one column of a histogram: how many values of the SQL expression are at most each bucket's bound,
   * how many there are, and their sum. NULLs are not observed.
   */
  observe(metric: HistogramName<M>, expression: Fragment): Fragment
}

/** What the query of an incremental collector is given: a row counts when its moment is after `from` and not after `to`. */
export interface WindowContext<M extends Metrics = Metrics> extends QueryContext<M> {
  readonly from: Fragment
  readonly to: Fragment
}

/** Makes a collector incremental. */
export interface WindowOptions {
  /**
   * Go-style duration after which a window is counted for good: rows may be committed later than their own moment by
   * as much. What is more recent is asked again at each run. https://www.postgresql.org/docs/current/transaction-iso.html
   */
  readonly settle: string
}

/** What a collector file says. */
export interface Definition<
  L extends Labels = Labels,
  M extends Metrics = Metrics,
  W extends WindowOptions | undefined = WindowOptions | undefined,
> {
  /** Lower-case words joined by hyphens; the value of the `collector` label of the self-metrics. */
  readonly name: string
  /** Label name → its values. Each is a column of the query. */
  readonly labels?: L
  /** Full metric name → its type and help. Each is a column of the query. */
  readonly metrics: M
  /** Go-style duration between two runs; every tick otherwise. */
  readonly interval?: string
  /** Go-style duration after which a run is cancelled; `COLLECTOR_TIMEOUT` otherwise. */
  readonly timeout?: string
  /**
   * Counts only what is new since the last run: counters and histograms start from 0 when the service starts, and the
   * query asks for the rows of one window. Without it they show what the query returns.
   */
  readonly window?: W
  /** The question, as one SELECT: a column for each label and each metric, a row for each label set. */
  readonly query: (
    sql: ISql,
    context: W extends WindowOptions ? WindowContext<M> : QueryContext<M>,
  ) => Fragment
}

/** A definition that was checked: names in column order, durations in milliseconds. */
export interface Collector {
  readonly name: string
  readonly labels: readonly CollectorLabel[]
  readonly metrics: readonly CollectorMetric[]
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

/** A label whose values only the data knows, of which at most `limit` have a series; the rest is "other". */
export function open(limit: number): OpenLabel {
  return { open: limit }
}

/** A value that goes up and down. `fold` says how the values that fold into "other" make one (default: their sum). */
export function gauge(help: string, { fold = 'sum' }: { fold?: Fold } = {}): Metric<'gauge'> {
  return { type: 'gauge', help, fold, buckets: [] }
}

/** A total that only grows. A negative value is rejected. */
export function counter(help: string): Metric<'counter'> {
  return { type: 'counter', help, fold: 'sum', buckets: [] }
}

/** A distribution over buckets with these upper bounds (ascending, inclusive; +Inf is added). */
export function histogram(help: string, buckets: readonly number[]): Metric<'histogram'> {
  return { type: 'histogram', help, fold: 'sum', buckets }
}

/**
 * A moment, in seconds since 1970. It is a gauge that is never zero-filled: where the query returns no row or NULL
 * there is no sample. `fold` says which one stands for "other" (default: none does).
 */
export function timestamp(
  help: string,
  { fold = 'none' }: { fold?: 'min' | 'max' | 'none' } = {},
): Metric<'timestamp'> {
  return { type: 'timestamp', help, fold, buckets: [] }
}

/** A Fastify plugin that adds its collector to those of the service. */
export type CollectorPlugin = FastifyPluginAsync & { readonly collector: Collector }

/**
 * Makes a Fastify plugin of a definition. Throws an Error that names the collector and what is wrong with it:
 * a name that Prometheus or PostgreSQL would not take, a label without values, a duration that is none.
 */
export function defineCollector<
  const L extends Labels = Record<never, never>,
  const M extends Metrics = Metrics,
  const W extends WindowOptions | undefined = undefined,
>(definition: Definition<L, M, W>): CollectorPlugin {
  const collector = check(definition as unknown as Definition)
  const plugin = fp(async (app) => app.collectors.add(collector), {
    name: `collector-${collector.name}`,
    dependencies: ['collectors'],
  })
  return Object.assign(plugin, { collector }) as CollectorPlugin
}

const NAME = /^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/
/** https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/
/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS */
const LONGEST_IDENTIFIER = 63
/** A timer cannot wait longer than 2^31 - 1 milliseconds; this is far below it, and that of COLLECTOR_TIMEOUT. */
const LONGEST_TIMEOUT = parseDuration('24h')

function check({ name, labels = {}, metrics, interval, timeout, window, query }: Definition): Collector {
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
    interval: milliseconds('interval', interval),
    timeout: checkTimeout(milliseconds('timeout', timeout), fail),
    settle,
    query,
  }
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
