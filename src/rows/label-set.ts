import type { CollectorMetric } from '../contract/collector.ts'
import { takesNegative } from '../contract/metric.ts'
import { each, type Sliced } from '../time/slices.ts'

/** A number, or the parts of a histogram: its cumulative bucket counts, the count and the sum. */
export type Value = number | readonly number[]

/** Takes the place of a value that was rejected. It has no sample, and neither has a sum that it belongs to. */
export const REJECTED = 'rejected'

/** What a label set has of one metric: a value, or undefined where there is none, as when the query returned NULL. */
export type Cell = Value | typeof REJECTED | undefined

/** The samples that share their labels: a cell for each of the collector's metrics. */
export interface LabelSet {
  readonly labels: readonly string[]
  readonly values: readonly Cell[]
}

/** Label sets that can be iterated more than once, such as an array of them. */
export interface LabelSets extends Iterable<LabelSet> {
  readonly length: number
  /** How many series they make on the page, where that is known. */
  readonly series?: number
}

/** The labels as one text, which no other labels have: PostgreSQL's text cannot hold a NUL. */
export function keyOf(labels: readonly string[]): string {
  const first = labels[0]
  return labels.length === 1 && first !== undefined ? first : labels.join('\0')
}

/** Returns the item at an index, such as the value of a label. Throws a RangeError when there is none. */
export function itemAt<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new RangeError(`there is no item ${index} among ${items.length}`)
  return item
}

/** Combines two values of one metric: two numbers, or two histograms part by part. Throws an Error for anything else. */
export function combine<Part extends number | string>(
  a: Part | readonly Part[],
  b: Part | readonly Part[],
  by: (a: Part, b: Part) => Part,
): Part | readonly Part[] {
  if (typeof a !== 'object' && typeof b !== 'object') return by(a, b)
  if (typeof a === 'object' && typeof b === 'object' && a.length === b.length)
    return a.map((part, i) => by(part, itemAt(b, i)))
  throw new Error(`${JSON.stringify(a)} and ${JSON.stringify(b)} are not values of one metric`)
}

/** What a metric shows where nothing was counted. */
export function zeroOf({ type, buckets }: CollectorMetric): Value {
  return type === 'histogram' ? new Array<number>(buckets.length + 2).fill(0) : 0
}

/** How many series a value of a metric makes: a histogram's one for each bucket, for +Inf, its count and its sum. */
export function seriesOfMetric(metric: CollectorMetric): number {
  if (metric.type !== 'histogram') return 1
  return metric.buckets.length + (takesNegative(metric) ? 2 : 3)
}

/** How many series a label set makes on the page. */
export function seriesOf({ values }: LabelSet, metrics: readonly CollectorMetric[]): number {
  let series = 0
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== undefined && values[i] !== REJECTED) series += seriesOfMetric(itemAt(metrics, i))
  }
  return series
}

/** How many series label sets make on the page. */
export function* countSeries(sets: LabelSets, metrics: readonly CollectorMetric[]): Sliced<number> {
  if (sets.series !== undefined) return sets.series
  let series = 0
  yield* each(sets, (set) => {
    series += seriesOf(set, metrics)
  })
  return series
}
