import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { ISql, PendingQuery, Row } from 'postgres'
import { checkDefinition } from './contract/definition.ts'

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

/** A duration as Go writes it, such as `60s`, `1m30s` or `500ms`: https://pkg.go.dev/time#ParseDuration */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h'}` | `${number}${'s' | 'm' | 'h'}${number}${string}`

/** The names of a collector's histograms: what `observe` takes. */
type HistogramName<M extends Metrics> = {
  [Name in keyof M]: M[Name]['type'] extends 'histogram' ? Name : never
}[keyof M] &
  string

/** Beside its own type, that of a metric which a window is not for: a text, so that the compiler says it. */
type Summable<M extends Metrics> = {
  readonly [Name in keyof M]: M[Name]['type'] extends 'gauge' | 'timestamp'
    ? 'a window is for counters and histograms'
    : unknown
}

/** A piece of SQL: what the sql`…` tag makes. */
export type Fragment = PendingQuery<Row[]>

/** What a query is given beside the sql`…` tag. */
export interface QueryContext<M extends Metrics = Metrics> {
  /**
   * Writes the one column of a histogram: how many values of the SQL expression are at most each bucket's bound,
   * how many there are, and their sum. NULLs are not observed. The expression is in the unit of the bounds.
   * @example observe('business_operation_duration_seconds', sql`extract(epoch FROM finish_time - create_time)`)
   */
  observe(metric: HistogramName<M>, expression: Fragment): Fragment
}

/** What the query of an incremental collector is given: a row counts when its moment is after `from` and not after `to`. */
export interface WindowContext<M extends Metrics = Metrics> extends QueryContext<M> {
  /**
   * The moment, a `timestamptz` of the database's clock, that the window begins after: it is not in the window.
   * @example WHERE create_time > ${from} AND create_time <= ${to}
   */
  readonly from: Fragment
  /** The moment, a `timestamptz` of the database's clock, that the window ends with: it is in the window. */
  readonly to: Fragment
}

/** Makes a collector incremental. */
export interface WindowOptions {
  /**
   * Go-style duration after which a window is counted for good: rows may be committed later than their own moment by
   * as much. What is more recent is asked again at each run. There is no default: it is a property of those who write
   * the rows. https://www.postgresql.org/docs/current/transaction-iso.html
   * @example '10m'
   */
  readonly settle: Duration
}

/** What a collector file says. */
export interface Definition<
  L extends Labels = Labels,
  M extends Metrics = Metrics,
  W extends WindowOptions | undefined = WindowOptions | undefined,
> {
  /**
   * Lower-case words joined by hyphens, as the file is named; the value of the `collector` label of the self-metrics,
   * and what `COLLECTORS` lists.
   * @example 'overdue-invoices'
   */
  readonly name: string
  /**
   * Label name → its values: a list of all, or `open(n)` for what only the data knows. Each is a column of the query.
   * @default none: the query returns one row
   * @example { plan: open(50), state: ['paid', 'due', 'other'] }
   */
  readonly labels?: L
  /**
   * Full metric name → its type and help: `gauge`, `counter`, `histogram` or `timestamp`. Each is a column of the
   * query. A collector with a window has counters and histograms only.
   * @example { business_invoices: gauge('Invoices that are not void.') }
   */
  readonly metrics: M & (W extends WindowOptions ? Summable<M> : unknown)
  /**
   * Names of the databases of `DATABASE_URL` that it runs on.
   * @default all of them
   * @example ['eu', 'us']
   */
  readonly databases?: readonly string[]
  /**
   * Go-style duration between two runs; it is rounded up to whole ticks.
   * @default every tick: `METRICS_TICK_DURATION`
   * @example '5m'
   */
  readonly interval?: Duration
  /**
   * Go-style duration after which a run is cancelled, here and in the database, and fails; at most 24h.
   * @default `COLLECTOR_TIMEOUT`
   * @example '20s'
   */
  readonly timeout?: Duration
  /**
   * Counts only what is new since the last run: counters and histograms start from 0 when the service starts, and the
   * query asks for the rows of one window, from `from` to `to`.
   * @default none: counters and histograms show what the query returns
   * @example { settle: '10m' }
   */
  // Always the first: written so, the compiler infers W, and an editor still finds what `settle` means.
  readonly window?: W extends unknown ? WindowOptions : W
  /**
   * The question, as one SELECT: a column for each label and each metric, a row for each label set. It runs read-only,
   * in the snapshot that all collectors of a round share.
   * @example (sql) => sql`SELECT count(*) AS business_invoices FROM invoices`
   */
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

/**
 * A label whose values only the data knows, of which at most `limit` have a series; the rest is "other". It has no
 * series before a row names it.
 * @example labels: { customer: open(20) }
 */
export function open(limit: number): OpenLabel {
  return { open: limit }
}

/**
 * A value that goes up and down, and is 0 where the labels are known and no row has them. `fold` says how the values
 * that fold into "other" make one (default: their sum).
 * @example business_invoices: gauge('Invoices that are not void.')
 */
export function gauge(help: string, { fold = 'sum' }: { fold?: Fold } = {}): Metric<'gauge'> {
  return { type: 'gauge', help, fold, buckets: [] }
}

/**
 * A total that only grows; its name ends in `_total` (https://prometheus.io/docs/practices/naming/). A negative value
 * is rejected. Over a large table it wants a `window`.
 * @example business_payments_total: counter('Payments that were made.')
 */
export function counter(help: string): Metric<'counter'> {
  return { type: 'counter', help, fold: 'sum', buckets: [] }
}

/**
 * A distribution over buckets with these upper bounds (ascending, inclusive; +Inf is added), in the unit that the
 * metric's name ends in. Its column is written by `observe`.
 * @example business_payment_delay_seconds: histogram('From invoice to payment.', [3600, 86400, 604800])
 */
export function histogram(help: string, buckets: readonly number[]): Metric<'histogram'> {
  return { type: 'histogram', help, fold: 'sum', buckets }
}

/**
 * A moment, in seconds since 1970. It is a gauge that is never zero-filled: where the query returns no row or NULL
 * there is no sample. `fold` says which one stands for "other" (default: none does).
 * @example business_invoices_oldest_timestamp_seconds: timestamp('When the oldest was made.', { fold: 'min' })
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
  const collector = checkDefinition(definition as unknown as Definition)
  const plugin = fp(async (app) => app.collectors.add(collector), {
    name: `collector-${collector.name}`,
    dependencies: ['collectors'],
  })
  return Object.assign(plugin, { collector }) as CollectorPlugin
}
