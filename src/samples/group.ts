import { type Collector, OTHER } from '../contract/collector.ts'
import { keyOf, type LabelSet, type Value } from '../rows/label-set.ts'

/** Series that one combination of open label values makes on the page: what the budget is spent in. */
export function seriesOfGroup(collector: Collector): number {
  const combined = collector.labels.reduce((product, { values }) => product * (values?.length ?? 1), 1)
  return (
    combined *
    collector.metrics.reduce(
      (sum, { type, buckets }) => sum + (type === 'histogram' ? buckets.length + 3 : 1),
      0,
    )
  )
}

/** What the open labels of a label set tell apart; "other" when all of them are that. */
export function groupOf(collector: Collector, labels: readonly string[]): string {
  const open = labels.filter((_, i) => collector.labels[i]?.values === undefined)
  return open.every((text) => text === OTHER) ? OTHER : keyOf(open)
}

/** How large a set is beside others, when not all can stay: by the first metric that has a value. */
export function sizeOf({ values }: LabelSet): number {
  const value = values.find((value) => value !== undefined) ?? 0
  return Math.abs(typeof value === 'number' ? value : (value.at(-2) ?? 0))
}

export function add(a: Value, b: Value): Value {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) + Number(b)
  return a.map((count, i) => count + (b[i] ?? 0))
}
