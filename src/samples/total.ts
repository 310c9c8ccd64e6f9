import type { Collector } from '../contract/collector.ts'
import { type Cell, combine, itemAt, REJECTED, type Value, zeroOf } from '../rows/label-set.ts'
import { addExact, type Exact, exact, maxExact, subtractExact } from './decimal.ts'

/** A total that is never rounded: a number, or the cumulative bucket counts, the count and the sum of a histogram. */
export type Total = Exact | readonly Exact[]

/** The totals of a label set that nothing was counted in, one for each metric. */
export function zeroTotals({ metrics }: Collector): readonly Total[] {
  return metrics.map(zeroOf)
}

/** The totals of one row. Throws an Error when it lacks a value: in a window, each has one. */
export function totalsOf(values: readonly Cell[]): readonly Total[] {
  return values.map((value) => {
    if (value === undefined || value === REJECTED)
      throw new Error('a row of an incremental collector lacks a value')
    return typeof value === 'object' ? value.map(exact) : exact(value)
  })
}

export function addTotals(a: readonly Total[], b: readonly Total[]): readonly Total[] {
  return a.map((total, i) => combine(total, itemAt(b, i), addExact))
}

export function subtractTotals(a: readonly Total[], b: readonly Total[]): readonly Total[] {
  return a.map((total, i) => combine(total, itemAt(b, i), subtractExact))
}

/** The larger total of each metric, and of each part of a histogram. */
export function maxTotals(a: readonly Total[], b: readonly Total[]): readonly Total[] {
  return a.map((total, i) => combine(total, itemAt(b, i), maxExact))
}

/** The values that the page shows of totals: the nearest floating-point numbers. */
export function valuesOf(totals: readonly Total[]): readonly Value[] {
  return totals.map((total) => (typeof total === 'object' ? total.map(Number) : Number(total)))
}
