import { type Collector, type CollectorMetric, OTHER } from './collector.ts'
import {
  add,
  fillZeros,
  groupOf,
  keyOf,
  type LabelSet,
  seriesOf,
  seriesOfGroup,
  sizeOf,
  type Value,
} from './labelset.ts'
import type { Rejections } from './rows.ts'

/** What a collector shows, and what became of the rest. */
export interface Samples extends Rejections {
  readonly sets: readonly LabelSet[]
  /** Series that `sets` make on the page: a histogram has one for each bucket, +Inf, its sum and its count. */
  readonly series: number
  /** Series that were summed into "other" for want of room. */
  readonly folded: number
}

/**
 * The samples of the rows of one query: values past an open label's limit and series past the budget folded into
 * "other", the largest staying, and 0 for every label set that is known and had no row.
 */
export function samplesOf(
  collector: Collector,
  rows: readonly LabelSet[],
  { rejected, rejection }: Rejections,
  budget: number,
): Samples {
  const placed = place(collector, rows, budget)
  const { sets, unfit } = merge(collector, rows, placed)
  const filled = fillZeros(collector, sets)
  return {
    sets: filled,
    series: filled.reduce((sum, set) => sum + seriesOf(set), 0),
    rejected: { ...rejected, label: rejected.label + unfit.length },
    rejection: rejection ?? unfit.at(0),
    folded: rows.reduce((sum, row, i) => sum + (placed[i] === row.labels ? 0 : seriesOf(row)), 0),
  }
}

/** The labels under which each row is shown: its own, or with "other" where it has no room. */
function place(collector: Collector, rows: readonly LabelSet[], budget: number): (readonly string[])[] {
  let placed = rows.map(({ labels }) => labels)
  collector.labels.forEach(({ values, limit }, label) => {
    if (values !== undefined) return
    const kept = largest(rows, (i) => placed[i]?.[label] ?? '', limit)
    placed = placed.map((labels) => {
      const text = labels[label] ?? ''
      return text === OTHER || kept.has(text) ? labels : labels.with(label, OTHER)
    })
  })
  const groups = placed.map((labels) => groupOf(collector, labels))
  const room = Math.max(Math.floor(budget / seriesOfGroup(collector)), 1)
  const own = new Set(groups)
  if (own.size <= room) return placed
  // One place goes to the group that takes what has none.
  const kept = largest(rows, (i) => groups[i] ?? '', room - 1)
  return placed.map((labels, i) => {
    const group = groups[i] ?? ''
    if (group === OTHER || kept.has(group)) return labels
    return labels.map((text, label) => (collector.labels[label]?.values === undefined ? OTHER : text))
  })
}

/** The `limit` keys with the largest rows, "other" apart. */
function largest(
  rows: readonly LabelSet[],
  keyOfRow: (row: number) => string,
  limit: number,
): ReadonlySet<string> {
  const sizes = new Map<string, number>()
  for (const [i, row] of rows.entries()) {
    const key = keyOfRow(i)
    sizes.set(key, (sizes.get(key) ?? 0) + sizeOf(row))
  }
  sizes.delete(OTHER)
  if (sizes.size <= limit) return new Set(sizes.keys())
  // Equal sizes are told apart by name, so that one round after the other keeps the same ones.
  const ranked = [...sizes].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return new Set(ranked.slice(0, limit).map(([key]) => key))
}

/** One label set of all the rows that are shown under the same labels; `unfit` has a text for each value that cannot be
 * folded with another. */
function merge(
  collector: Collector,
  rows: readonly LabelSet[],
  placed: readonly (readonly string[])[],
): { sets: readonly LabelSet[]; unfit: readonly string[] } {
  const shared = new Map<string, LabelSet[]>()
  for (const [i, row] of rows.entries()) {
    const labels = placed[i] ?? row.labels
    const set = labels === row.labels ? row : { labels, values: row.values }
    const key = keyOf(labels)
    const others = shared.get(key)
    if (others === undefined) shared.set(key, [set])
    else others.push(set)
  }
  const unfit: string[] = []
  const sets = Array.from(shared.values(), (same) => {
    const [first] = same as [LabelSet, ...LabelSet[]]
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
