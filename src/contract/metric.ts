import { Mistake } from '../finding.ts'

/** How the values of several label sets become one when they fold; `none`: they cannot, so that no value is shown. */
export type Fold = 'sum' | 'min' | 'max' | 'none'

export interface Metric<Type extends string = 'gauge' | 'counter' | 'histogram' | 'timestamp'> {
  readonly type: Type
  readonly help: string
  readonly fold: Fold
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  readonly buckets: readonly number[]
}

/** What people look for among the options. */
const NO_ROW =
  "it has fold: 'sum', 'min', 'max' or 'none'. A gauge has no sample where the value is NULL, and a timestamp where there is no row"

export type Metrics = Readonly<Record<string, Metric>>

/**
 * Declares a value that goes up and down. It is 0 if the labels are known and no row has them; if a row's value is NULL,
 * there is no sample. `fold` says how the values that fold into "other" become one (default: their sum).
 * @example business_invoices: gauge('Invoices that are not void.')
 */
export function gauge(help: string, options: { fold?: Fold } = {}): Metric<'gauge'> {
  const { fold = 'sum' } = only(options, 'gauge')
  return { type: 'gauge', help, fold, buckets: [] }
}

/**
 * Declares a total that only grows; its name ends in `_total` (https://prometheus.io/docs/practices/naming/). A
 * negative value is rejected; NULL is no sample, or with a `window` 0. Over a large table it needs a `window`.
 * @example business_payments_total: counter('Payments that were made.')
 */
export function counter(help: string): Metric<'counter'> {
  return { type: 'counter', help, fold: 'sum', buckets: [] }
}

/**
 * Declares a distribution over buckets with these upper bounds (ascending, inclusive; +Inf is added), in the unit that
 * the metric's name ends in. `observe` writes its column. Unless a bound is negative, a negative observation is rejected.
 * @example business_payment_delay_seconds: histogram('From invoice to payment.', [3600, 86400, 604800])
 */
export function histogram(help: string, buckets: readonly number[]): Metric<'histogram'> {
  return { type: 'histogram', help, fold: 'sum', buckets }
}

/**
 * Whether a histogram takes observations below 0: it has a bucket for them. Then its sum may fall, as no `_sum` may, and
 * the page has none: https://prometheus.io/docs/specs/om/open_metrics_spec/#histogram-1
 */
export function takesNegative({ buckets: [least = 0] }: Pick<Metric, 'buckets'>): boolean {
  return least < 0
}

/**
 * Declares a moment, in seconds since 1970. It is a gauge that is never zero-filled: if the query returns no row or
 * NULL, there is no sample. `fold` says which of the moments that fold into "other" is shown (default: none).
 * @example business_invoices_oldest_timestamp_seconds: timestamp('When the oldest was made.', { fold: 'min' })
 */
export function timestamp(
  help: string,
  options: { fold?: 'min' | 'max' | 'none' } = {},
): Metric<'timestamp'> {
  const { fold = 'none' } = only(options, 'timestamp')
  return { type: 'timestamp', help, fold, buckets: [] }
}

/** Returns the options. Throws a Mistake when there is another one than `fold`, which would be ignored. */
function only<Options extends { fold?: Fold }>(options: Options, type: string): Options {
  const unknown = Object.keys(options).filter((name) => name !== 'fold')
  if (unknown.length === 0) return options
  throw new Mistake(`${type}(…) has no option ${unknown.map((name) => `"${name}"`).join(', ')}`, NO_ROW)
}
