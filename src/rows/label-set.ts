import { each, type Sliced } from '../time/slices.ts'

/** A number, or of a histogram its cumulative bucket counts, the count and the sum. */
export type Value = number | readonly number[]

/** The samples of one label set: a value for each of the collector's metrics, undefined where it shows none. */
export interface LabelSet {
  readonly labels: readonly string[]
  readonly values: readonly (Value | undefined)[]
}

/** Label sets that can be gone through, as often as need be; an array of them is such. */
export interface LabelSets extends Iterable<LabelSet> {
  readonly length: number
  /** Series that they make on the page, where that is known. */
  readonly series?: number
}

/** Series that a label set makes on the page. */
export function seriesOf({ values }: LabelSet): number {
  let series = 0
  for (const value of values) {
    if (value !== undefined) series += typeof value === 'number' ? 1 : value.length + 1
  }
  return series
}

/** Series that label sets make on the page. */
export function* countSeries(sets: LabelSets): Sliced<number> {
  let series = sets.series ?? 0
  if (sets.series !== undefined) return series
  yield* each(sets, (set) => {
    series += seriesOf(set)
  })
  return series
}

/** PostgreSQL's text cannot hold a NUL, so that it can stand between two. */
export function keyOf(labels: readonly string[]): string {
  return labels.length === 1 ? (labels[0] ?? '') : labels.join('\0')
}
