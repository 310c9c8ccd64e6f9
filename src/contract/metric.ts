/** How several label sets that fold into one make one value; `none`: they cannot, so no value is shown for them. */
export type Fold = 'sum' | 'min' | 'max' | 'none'

export interface Metric<Type extends string = 'gauge' | 'counter' | 'histogram' | 'timestamp'> {
  readonly type: Type
  readonly help: string
  readonly fold: Fold
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  readonly buckets: readonly number[]
}

export type Metrics = Readonly<Record<string, Metric>>

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
