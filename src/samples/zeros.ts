import type { Collector } from '../contract/collector.ts'
import { type Cell, keyOf, type LabelSet, type LabelSets, zeroOf } from '../rows/label-set.ts'
import type { UnknownSets } from '../rows/unknown-sets.ts'
import { each, type Sliced } from '../time/slices.ts'
import { grouping } from './group.ts'

/** The label sets that are known before any row, each at 0: every combination of labels when all of them are closed. */
export function knownSets(collector: Collector): readonly LabelSet[] {
  const lists = collector.labels.flatMap(({ values }) => (values === undefined ? [] : [values]))
  if (lists.length < collector.labels.length) return []
  return combinations(lists).map((labels) => ({ labels, values: zeros(collector) }))
}

/**
 * The known label sets before the first run. With a window, totals start from 0. Without one, a counter is unknown until
 * it was asked for, and a gauge is 0 if `gauges` says so.
 */
export function firstSets(collector: Collector, gauges: boolean): readonly LabelSet[] {
  if (collector.settle !== undefined) return knownSets(collector)
  const values = collector.metrics.map(({ type, zeros }) =>
    type === 'gauge' && zeros && gauges ? 0 : undefined,
  )
  return values.includes(0) ? knownSets(collector).map(({ labels }) => ({ labels, values })) : []
}

/**
 * The label sets, and a 0 for each combination of closed labels that a group of them lacks, group by group, unless the
 * combination is one of `unknown`.
 */
export function* fillZeros(
  collector: Collector,
  sets: LabelSets,
  unknown?: Pick<UnknownSets, 'has'>,
): Sliced<LabelSets> {
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
  const filled: LabelSet[] = []
  const fill = (labels: readonly string[]) => {
    const set = found.get(keyOf(labels))
    if (set !== undefined) filled.push(set)
    else if (unknown?.has(labels) !== true) filled.push({ labels, values: zeros(collector) })
  }
  if (known.length > 0) yield* each(known, ({ labels }) => fill(labels))
  else {
    yield* each(groups.values(), (group) => {
      for (const combination of closed) fill(group.map((text, i) => combination[i] ?? text))
    })
  }
  return filled
}

/** A 0 for each metric that is 0 where there is no row. */
function zeros({ metrics }: Collector): Cell[] {
  return metrics.map((metric) => (metric.zeros ? zeroOf(metric) : undefined))
}

/** Every combination of one item of each list, in the order of the lists. */
function combinations<Item>(lists: readonly (readonly Item[])[]): Item[][] {
  return lists.reduce<Item[][]>(
    (heads, list) => heads.flatMap((head) => list.map((item) => [...head, item])),
    [[]],
  )
}
