import { Mistake } from '../finding.ts'

/** How the values of several label sets become one when they fold; `none`: they cannot, so that no value is shown. */
export type Fold = 'sum' | 'min' | 'max' | 'none'

export interface Metric<Type extends string = 'gauge' | 'counter' | 'histogram' | 'timestamp'> {
  readonly type: Type
  readonly help: string
  readonly fold: Fold
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  readonly buckets: readonly number[]
  /** Whether it is 0 where its labels are known and no row has them. */
  readonly zeros: boolean
}

/** What people look for among the options. */
const NO_ROW =
  'with zeros: false it has no sample where there is no row, and it has no sample where the value is NULL in any case'
const FOLDS = "it has fold: 'sum', 'min', 'max' or 'none'"

export type Metrics = Readonly<Record<string, Metric>>

/**
 * Declares a value that goes up and down. It is 0 if the labels are known and no row has them, unless `zeros` is false; if a
 * row's value is NULL, there is no sample. `fold` says how the values that fold into "other" become one (default: their sum).
 * @example business_invoices: gauge('Invoices that are not void.')
 */
export function gauge(help: string, options: { fold?: Fold; zeros?: boolean } = {}): Metric<'gauge'> {
  const { fold = 'sum', zeros = true } = only(options, 'gauge', ['fold', 'zeros'])
  return { type: 'gauge', help, fold, buckets: [], zeros }
}

/**
 * Declares a total that only grows; its name ends in `_total` (https://prometheus.io/docs/practices/naming/). A
 * negative value is rejected; NULL is no sample, or with a `window` 0. Over a large table it needs a `window`. With `zeros`
 * false it has no sample where no row has its labels.
 * @example business_payments_total: counter('Payments that were made.')
 */
export function counter(help: string, options: { zeros?: boolean } = {}): Metric<'counter'> {
  const { zeros = true } = only(options, 'counter', ['zeros'])
  return { type: 'counter', help, fold: 'sum', buckets: [], zeros }
}

/**
 * Declares a distribution over buckets with these upper bounds (ascending, inclusive; +Inf is added), in the unit that
 * the metric's name ends in. `observe` writes its column. Unless a bound is negative, a negative observation is rejected.
 * With `zeros` false it has no sample where no row has its labels.
 * @example business_payment_delay_seconds: histogram('From invoice to payment.', [3600, 86400, 604800])
 */
export function histogram(
  help: string,
  buckets: readonly number[],
  options: { zeros?: boolean } = {},
): Metric<'histogram'> {
  const { zeros = true } = only(options, 'histogram', ['zeros'])
  return { type: 'histogram', help, fold: 'sum', buckets, zeros }
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
  const { fold = 'none' } = only(options, 'timestamp', ['fold'])
  return { type: 'timestamp', help, fold, buckets: [], zeros: false }
}

/** Returns the options. Throws a Mistake when there is another one than these, which would be ignored. */
function only<Options extends object>(options: Options, type: string, known: readonly string[]): Options {
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length === 0) return options
  const takes = [...(known.includes('fold') ? [FOLDS] : []), ...(known.includes('zeros') ? [NO_ROW] : [])]
  throw new Mistake(
    `${type}(…) has no option ${unknown.map((name) => `"${name}"`).join(', ')}`,
    takes.join('; '),
  )
}
