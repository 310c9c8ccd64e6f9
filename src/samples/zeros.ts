import type { Collector } from '../contract/collector.ts'
import { keyOf, type LabelSet, type LabelSets, type Value } from '../rows/label-set.ts'
import { each, map, type Sliced } from '../time/slices.ts'
import { grouping } from './group.ts'

/** The label sets that are known before any row, each at 0: every combination of labels when all of them are closed. */
export function knownSets(collector: Collector): readonly LabelSet[] {
  const lists = collector.labels.flatMap(({ values }) => (values === undefined ? [] : [values]))
  if (lists.length < collector.labels.length) return []
  return combinations(lists).map((labels) => ({ labels, values: zeros(collector) }))
}

/** The label sets, and a 0 for each combination of closed labels that a group of them lacks, group by group. */
export function* fillZeros(collector: Collector, sets: LabelSets): Sliced<LabelSets> {
  const known = knownSets(collector)
  // In a combination, undefined is for an open label: it keeps the value that the group has.
  const closed = combinations(collector.labels.map(({ values }) => values ?? [undefined]))
  if (known.length === 0 && closed.length === 1) return sets
  const groupOf = grouping(collector)
  const found = new Map<string, LabelSet>()
  const groups = new Map<string, readonly string[]>()
  yield* each(sets, (set) => {
    found.set(keyOf(set.labels), set)
    groups.set(groupOf(set.labels), set.labels)
  })
  if (known.length > 0) return yield* map(known, (set) => found.get(keyOf(set.labels)) ?? set)
  const filled: LabelSet[] = []
  yield* each(groups.values(), (group) => {
    for (const combination of closed) {
      const labels = group.map((text, i) => combination[i] ?? text)
      filled.push(found.get(keyOf(labels)) ?? { labels, values: zeros(collector) })
    }
  })
  return filled
}

/** A 0 for each metric, and no value for a timestamp. */
function zeros({ metrics }: Collector): (Value | undefined)[] {
  return metrics.map(({ type, buckets }) => {
    if (type === 'timestamp') return undefined
    return type === 'histogram' ? new Array<number>(buckets.length + 2).fill(0) : 0
  })
}

/** Every combination of one item of each list, in the order of the lists. */
function combinations<Item>(lists: readonly (readonly Item[])[]): Item[][] {
  return lists.reduce<Item[][]>(
    (heads, list) => heads.flatMap((head) => list.map((item) => [...head, item])),
    [[]],
  )
}
