import { type Collector, OTHER } from '../contract/collector.ts'
import { each, map, type Sliced } from '../time/slices.ts'

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

/** What is known of a collector before any row: a 0 for each label set, when all of its labels are closed. */
export function knownSets(collector: Collector): readonly LabelSet[] {
  if (collector.labels.some(({ values }) => values === undefined)) return []
  return combinations(collector).map((labels) => ({
    labels: labels.map((text) => text ?? ''),
    values: zeros(collector),
  }))
}

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

/** Every combination of closed label values, in the order of the lists; undefined stands where a label is open. */
function combinations({ labels }: Collector): (string | undefined)[][] {
  return labels.reduce<(string | undefined)[][]>(
    (heads, { values }) => heads.flatMap((head) => (values ?? [undefined]).map((text) => [...head, text])),
    [[]],
  )
}

/** A 0 for each metric, and nothing for a timestamp. */
export function zeros({ metrics }: Collector): (Value | undefined)[] {
  return metrics.map(({ type, buckets }) => {
    if (type === 'timestamp') return undefined
    return type === 'histogram' ? new Array<number>(buckets.length + 2).fill(0) : 0
  })
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

/** PostgreSQL's text cannot hold a NUL, so that it can stand between two. */
export function keyOf(labels: readonly string[]): string {
  return labels.length === 1 ? (labels[0] ?? '') : labels.join('\0')
}

/** What the open labels of a label set tell apart; "other" when all of them are that. */
export function groupOf(collector: Collector, labels: readonly string[]): string {
  const open = labels.filter((_, i) => collector.labels[i]?.values === undefined)
  return open.every((text) => text === OTHER) ? OTHER : keyOf(open)
}

/** The label sets and a 0 for each combination of closed labels that is missing, group by group. */
export function* fillZeros(collector: Collector, sets: LabelSets): Sliced<LabelSets> {
  const closed = combinations(collector)
  const hasOpen = collector.labels.some(({ values }) => values === undefined)
  if (closed.length === 1 && hasOpen) return sets
  const found = new Map<string, LabelSet>()
  const groups = new Map<string, readonly string[]>()
  yield* each(sets, (set) => {
    found.set(keyOf(set.labels), set)
    groups.set(groupOf(collector, set.labels), set.labels)
  })
  if (!hasOpen) groups.set(OTHER, [])
  const filled = yield* map([...groups.values()], (group) =>
    closed.map((combination) => {
      const labels = combination.map((text, i) => text ?? group[i] ?? '')
      return found.get(keyOf(labels)) ?? { labels, values: zeros(collector) }
    }),
  )
  return filled.flat()
}
