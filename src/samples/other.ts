import { type Collector, OTHER } from '../contract/collector.ts'
import { itemAt, type LabelSet, type LabelSets, REJECTED } from '../rows/label-set.ts'
import type { Rows } from '../rows/rows.ts'
import { each, map, type Sliced } from '../time/slices.ts'
import { grouping, openLabels, roomFor } from './group.ts'

/**
 * Returns the labels that a label set is shown under: the same array when it keeps its labels, or a copy with "other" in
 * place of the values that have no room.
 */
export type Relabel = (labels: readonly string[]) => readonly string[]

/** What label sets have to fit into. */
export interface Room {
  /** Labels that have series already, and keep them whatever their size is. */
  readonly keep: readonly (readonly string[])[]
  /** How many series the collector may make. */
  readonly budget: number
}

/** The label sets of rows, with "other" in place of each value that its closed label does not list. */
export function listedSets({ labels }: Collector, rows: Rows): LabelSets {
  const { sets } = rows
  if (!rows.hasUnlisted) return sets
  const lists = labels.map(({ values }) => values)
  return {
    length: sets.length,
    *[Symbol.iterator]() {
      for (const { labels, values } of sets) {
        yield { labels: labels.map((text, i) => (lists[i]?.includes(text) === false ? OTHER : text)), values }
      }
    },
  }
}

/**
 * Chooses which label sets keep their own labels; the others are shown as "other". First each open label keeps its
 * largest values, up to its limit. If these make more groups than the budget has room for, the largest groups stay, and
 * one place goes to the group that takes the rest. Then a value that is in none of these groups is "other" too. So a
 * label set that was counted in "other" stays there, as long as each choice keeps what the one before it chose.
 */
export function* chooseLabels(
  collector: Collector,
  sets: Iterable<LabelSet>,
  { keep, budget }: Room,
): Sliced<Relabel> {
  const open = openLabels(collector)
  if (open.length === 0) return (labels) => labels
  const values: OwnValues[] = []
  for (const { index, limit } of open) {
    const candidates = yield* measure(sets, (labels) => itemAt(labels, index))
    const kept = yield* map(keep, (labels) => itemAt(labels, index))
    values.push({ index, texts: yield* choose(candidates, kept, limit) })
  }

  const groupOf = grouping(collector)
  const candidates = yield* measure(sets, (labels) => groupOf(fold(labels, values)))
  const kept = new Set(yield* map(keep, groupOf))
  const room = roomFor(collector, budget)
  if (new Set([...kept, ...candidates.keys()]).size <= room) return (labels) => fold(labels, values)

  const groups = yield* choose(candidates, kept, room - 1)
  const grouped = open.map(({ index }) => ({ index, texts: new Set<string>() }))
  const add = (labels: readonly string[]) => {
    for (const { index, texts } of grouped) texts.add(itemAt(labels, index))
  }
  yield* each(keep, add)
  yield* each(candidates, ([group, { labels }]) => {
    if (groups.has(group)) add(fold(labels, values))
  })
  const none = open.map(({ index }) => ({ index, texts: new Set<string>() }))
  return (labels) => {
    const folded = fold(labels, grouped)
    return groups.has(groupOf(folded)) ? folded : fold(labels, none)
  }
}

/** Whether labels have "other" in place of a value that its collector has not declared to be one of a rest. */
export function lacksName(
  { labels }: Collector,
  before: readonly string[],
  after: readonly string[],
): boolean {
  return before !== after && labels.some(({ top }, i) => !top && before[i] !== after[i])
}

/** The values of the open label at an index that keep series of their own. */
interface OwnValues {
  readonly index: number
  readonly texts: ReadonlySet<string>
}

/** Replaces the values of open labels that have no series of their own by "other". */
function fold(labels: readonly string[], own: readonly OwnValues[]): readonly string[] {
  let folded = labels
  for (const { index, texts } of own) {
    const text = itemAt(labels, index)
    if (text !== OTHER && !texts.has(text)) folded = folded.with(index, OTHER)
  }
  return folded
}

/** A value of an open label, or a group of label sets: the labels of one of its sets, and the size of all of them. */
interface Candidate {
  readonly labels: readonly string[]
  size: number
}

function* measure(
  sets: Iterable<LabelSet>,
  keyOfLabels: (labels: readonly string[]) => string,
): Sliced<Map<string, Candidate>> {
  const candidates = new Map<string, Candidate>()
  yield* each(sets, (set) => {
    const key = keyOfLabels(set.labels)
    const candidate = candidates.get(key)
    if (candidate === undefined) candidates.set(key, { labels: set.labels, size: sizeOf(set) })
    else candidate.size += sizeOf(set)
  })
  return candidates
}

/**
 * Chooses the names to keep and the largest candidates, up to the limit; "other" is never one of them. Names decide
 * between equally large ones, so that the order of the rows does not matter.
 */
function* choose(
  candidates: ReadonlyMap<string, Candidate>,
  keep: Iterable<string>,
  limit: number,
): Sliced<ReadonlySet<string>> {
  const chosen = new Set(keep)
  chosen.delete(OTHER)
  const room = limit - chosen.size
  if (room <= 0) return chosen
  const fresh: { readonly name: string; readonly size: number }[] = []
  yield* each(candidates, ([name, { size }]) => {
    if (name !== OTHER && !chosen.has(name)) fresh.push({ name, size })
  })
  // Numbers alone sort far faster than objects do; names are sorted only where sizes are equal.
  const sizes = Float64Array.from(fresh, ({ size }) => size)
  const least = fresh.length > room ? sizes.sort().at(-room) : undefined
  const equal: string[] = []
  yield* each(fresh, ({ name, size }) => {
    if (least === undefined || size > least) chosen.add(name)
    else if (size === least) equal.push(name)
  })
  for (const name of equal.sort().slice(0, limit - chosen.size)) chosen.add(name)
  return chosen
}

/** How large a label set is beside others: its first value, of a histogram the count. */
function sizeOf({ values }: LabelSet): number {
  const value = values.find((value) => value !== undefined && value !== REJECTED)
  if (value === undefined) return 0
  return Math.abs(typeof value === 'number' ? value : itemAt(value, value.length - 2))
}
