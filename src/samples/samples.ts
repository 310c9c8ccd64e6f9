import { type Collector, type CollectorMetric, OTHER } from '../contract/collector.ts'
import { countSeries, keyOf, type LabelSet, type LabelSets, type Value } from '../rows/label-set.ts'
import type { Rejections, Rows } from '../rows/rows.ts'
import { each, map, type Sliced } from '../time/slices.ts'
import { add, groupOf, seriesOfGroup, sizeOf } from './group.ts'
import { fillZeros } from './zeros.ts'

/** What a collector shows, and what became of the rest. */
export interface Samples extends Rejections {
  readonly sets: LabelSets
  /** Series that `sets` make on the page: a histogram has one for each bucket, +Inf, its sum and its count. */
  readonly series: number
  /** Series that were summed into "other" for want of room. */
  readonly folded: number
}

/**
 * The samples of the rows of one query: values past an open label's limit and series past the budget folded into
 * "other", the largest staying, and 0 for every label set that is known and had no row.
 */
export function* samplesOf(collector: Collector, rows: Rows, budget: number): Sliced<Samples> {
  const { rejected, rejection } = rows.rejections()
  const { sets, unfit, folded } = yield* foldRows(collector, rows, budget)
  const filled = yield* fillZeros(collector, sets)
  return {
    sets: filled,
    series: yield* countSeries(filled),
    rejected: { ...rejected, label: rejected.label + unfit.length },
    rejection: rejection ?? unfit.at(0),
    folded,
  }
}

/** What folding rows into "other" makes of them; `unfit` has a text for each value that cannot be folded with another. */
interface Folded {
  readonly sets: LabelSets
  readonly unfit: readonly string[]
  /** Series that had to give up their labels. */
  readonly folded: number
}

function* foldRows(collector: Collector, rows: Rows, budget: number): Sliced<Folded> {
  const sets = rows.sets()
  const room = Math.max(Math.floor(budget / seriesOfGroup(collector)), 1)
  // There are no more groups than there are rows.
  if (rows.fit && sets.length <= room) return { sets, unfit: [], folded: 0 }
  const own = yield* map(sets, (set) => set)
  const placed = yield* place(collector, own, room)
  const moved = own.filter(({ labels }, i) => placed[i] !== labels)
  const merged = yield* merge(collector, own, placed)
  return { ...merged, folded: yield* countSeries(moved) }
}

/** The labels under which each row is shown: its own, or with "other" where it has no room. */
function* place(
  collector: Collector,
  rows: readonly LabelSet[],
  room: number,
): Sliced<(readonly string[])[]> {
  let placed = rows.map(({ labels }) => labels)
  for (const [label, { values, limit }] of collector.labels.entries()) {
    if (values !== undefined) continue
    const kept = yield* largest(rows, (i) => placed[i]?.[label] ?? '', limit)
    placed = yield* map(placed, (labels) => {
      const text = labels[label] ?? ''
      return text === OTHER || kept.has(text) ? labels : labels.with(label, OTHER)
    })
  }
  const groups = yield* map(placed, (labels) => groupOf(collector, labels))
  if (new Set(groups).size <= room) return placed
  // One place goes to the group that takes what has none.
  const kept = yield* largest(rows, (i) => groups[i] ?? '', room - 1)
  return yield* map(placed, (labels, i) => {
    const group = groups[i] ?? ''
    if (group === OTHER || kept.has(group)) return labels
    return labels.map((text, label) => (collector.labels[label]?.values === undefined ? OTHER : text))
  })
}

/** The `limit` keys with the largest rows, "other" apart. Equal ones are told apart by name, to be the same each time. */
function* largest(
  rows: readonly LabelSet[],
  keyOfRow: (row: number) => string,
  limit: number,
): Sliced<ReadonlySet<string>> {
  if (limit === 0) return new Set()
  const sizes = new Map<string, number>()
  yield* each(rows, (row, i) => {
    const key = keyOfRow(i)
    sizes.set(key, (sizes.get(key) ?? 0) + sizeOf(row))
  })
  sizes.delete(OTHER)
  if (sizes.size <= limit) return new Set(sizes.keys())
  // Numbers alone sort far faster than entries do; names are sorted only where sizes are equal.
  const least = Float64Array.from(sizes.values()).sort().at(-limit) ?? Number.POSITIVE_INFINITY
  const above = Array.from(sizes).flatMap(([key, size]) => (size > least ? key : []))
  const equal = Array.from(sizes).flatMap(([key, size]) => (size === least ? key : []))
  return new Set([...above, ...equal.sort().slice(0, limit - above.length)])
}

/** One label set of all the rows that are shown under the same labels. */
function* merge(
  collector: Collector,
  rows: readonly LabelSet[],
  placed: readonly (readonly string[])[],
): Sliced<Omit<Folded, 'folded'>> {
  const shared = new Map<string, [LabelSet, ...LabelSet[]]>()
  yield* each(rows, (row, i) => {
    const labels = placed[i] ?? row.labels
    const key = keyOf(labels)
    const others = shared.get(key)
    if (others === undefined) shared.set(key, [labels === row.labels ? row : { labels, values: row.values }])
    else others.push(row)
  })
  const unfit: string[] = []
  const sets = yield* map([...shared.values()], (same) => {
    const [first] = same
    if (same.length === 1) return first
    const values = collector.metrics.map((metric, i) => {
      const given = same.map(({ values }) => values[i]).filter((value) => value !== undefined)
      const value = fold(metric, given)
      if (value === undefined) {
        for (const _ of given)
          unfit.push(`${metric.name} has several values that fold into "other", and cannot fold`)
      }
      return value
    })
    return { labels: first.labels, values }
  })
  return { sets, unfit }
}

function fold(metric: CollectorMetric, values: readonly Value[]): Value | undefined {
  if (values.length < 2) return values[0]
  switch (metric.fold) {
    case 'sum':
      return values.reduce(add)
    case 'min':
      return values.map(Number).reduce((a, b) => Math.min(a, b))
    case 'max':
      return values.map(Number).reduce((a, b) => Math.max(a, b))
    case 'none':
      return undefined
  }
}
