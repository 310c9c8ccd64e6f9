import { type Collector, OTHER } from '../contract/collector.ts'
import { keyOf, type LabelSet, seriesOf, type Value } from '../rows/label-set.ts'
import { later, type Moment, type Window } from '../time/moment.ts'
import { each, map, type Sliced } from '../time/slices.ts'
import { addExact, type Exact, exact, maxExact } from './decimal.ts'
import { groupOf, seriesOfGroup, sizeOf } from './group.ts'
import { fillZeros, knownSets, zeros } from './zeros.ts'

/** A total that is never rounded; of a histogram, its cumulative bucket counts, the count and the sum. */
export type Total = Exact | readonly Exact[]

/** One label set of an incremental collector: what is counted for good, and what the page showed last. */
export interface Running {
  readonly labels: readonly string[]
  readonly totals: readonly Total[]
  readonly shown: readonly Total[]
}

/** Where an incremental collector stands. It is replaced when a run succeeds, and never changed. */
export interface WindowState {
  /** When its totals started from 0. */
  readonly since: Moment
  /** Up to here, inclusive, everything is counted for good. */
  readonly sealedTo: Moment
  /** By the key of their labels. */
  readonly running: ReadonlyMap<string, Running>
}

/** What one run asks: windows to count for good, in order, and one that is asked again next time. */
export interface WindowPlan {
  readonly sealed: readonly Window[]
  readonly open: Window
}

/** The longest window of one query, in milliseconds: after an outage, what was missed is caught up in parts. */
const LONGEST = 3_600_000

/** The state of a collector whose totals start from 0 now, with the label sets that are known in advance. */
export function startWindow(collector: Collector, now: Moment): WindowState {
  const running = knownSets(collector).map((set): [string, Running] => [keyOf(set.labels), runningOf(set)])
  return { since: now, sealedTo: now, running: new Map(running) }
}

/**
 * What to ask at a moment of the database's clock. What is older than `settle` milliseconds is sealed. A clock that
 * stepped back seals nothing and leaves an empty window open, so that no row is in two sealed windows.
 */
export function planWindow({ sealedTo }: WindowState, now: Moment, settle: number): WindowPlan {
  const settled = later(now, -settle)
  const seal = settled > sealedTo ? settled : sealedTo
  const sealed: Window[] = []
  for (let from = sealedTo; from < seal; ) {
    const end = later(from, LONGEST)
    const to = end < seal ? end : seal
    sealed.push({ from, to })
    from = to
  }
  return { sealed, open: { from: seal, to: now > seal ? now : seal } }
}

/** What a run found: the rows of the windows that it sealed up to `sealedTo`, and those of the open one. */
export interface WindowRows {
  readonly sealedTo: Moment
  readonly sealed: readonly LabelSet[]
  readonly open: readonly LabelSet[]
}

/**
 * The state after a run, and how many series went to "other" for want of room. A label set that is new is shown as 0
 * once, so that increase() sees its first step; no value is ever shown less than before.
 */
export function* advanceWindow(
  collector: Collector,
  state: WindowState,
  { sealedTo, sealed, open }: WindowRows,
  budget: number,
): Sliced<{ readonly state: WindowState; readonly folded: number }> {
  const place = placement(collector, state, [...sealed, ...open], budget)
  const totals = new Map(Array.from(state.running, ([key, { labels, totals }]) => [key, { labels, totals }]))
  let folded = 0
  const count = (into: Map<string, Pick<Running, 'labels' | 'totals'>>, rows: readonly LabelSet[]) =>
    each(rows, (row) => {
      const labels = place(row.labels)
      if (labels !== row.labels) folded += seriesOf(row)
      const key = keyOf(labels)
      const before = into.get(key)?.totals
      const values = row.values.map((value) => totalOf(value))
      into.set(key, {
        labels,
        totals: before === undefined ? values : before.map((total, i) => add(total, values[i] ?? 0)),
      })
    })
  yield* count(totals, sealed)
  const shown = new Map(totals)
  yield* count(shown, open)

  // The labels that occur, then a 0 for each combination of closed labels beside them.
  const occurring = Array.from(shown.values(), ({ labels }) => ({ labels, values: [] }))
  const sets = yield* fillZeros(collector, occurring)
  const running = yield* map(sets, ({ labels }): [string, Running] => {
    const key = keyOf(labels)
    const zero = runningOf({ labels, values: zeros(collector) })
    const last = state.running.get(key)?.shown
    return [
      key,
      {
        labels,
        totals: totals.get(key)?.totals ?? zero.totals,
        shown: last?.map((total, i) => max(total, shown.get(key)?.totals[i] ?? total)) ?? zero.shown,
      },
    ]
  })
  return { state: { since: state.since, sealedTo, running: new Map(running) }, folded }
}

/** What the page shows of a state. */
export function shownSets({ running }: WindowState): readonly LabelSet[] {
  return Array.from(running.values(), ({ labels, shown }) => ({ labels, values: shown.map(shownValue) }))
}

/**
 * Under which labels a row is counted. A label set that has a series keeps it, for a counter must not change its
 * labels; of new ones the largest come first while there is room, and the rest is "other" for good.
 */
function placement(
  collector: Collector,
  { running }: WindowState,
  rows: readonly LabelSet[],
  budget: number,
): (labels: readonly string[]) => readonly string[] {
  const open = collector.labels.flatMap(({ values, limit }, label) =>
    values === undefined ? { label, limit } : [],
  )
  if (open.length === 0) return (labels) => labels
  const known = Array.from(running.values(), ({ labels }) => labels)
  const kept = new Map(open.map(({ label }) => [label, new Set(known.map((labels) => labels[label] ?? ''))]))
  const groups = new Set(known.map((labels) => groupOf(collector, labels)))
  for (const texts of [...kept.values(), groups]) texts.delete(OTHER)
  // One place is for the group that takes what has none.
  const room = Math.max(Math.floor(budget / seriesOfGroup(collector)), 1) - 1

  const placeValues = (labels: readonly string[]) =>
    open.reduce((placed, { label }) => {
      const text = placed[label] ?? ''
      return text === OTHER || kept.get(label)?.has(text) ? placed : placed.with(label, OTHER)
    }, labels)

  const sizes = new Map<string, { readonly labels: readonly string[]; readonly size: number }>()
  for (const row of rows) {
    const group = groupOf(collector, row.labels)
    sizes.set(group, { labels: row.labels, size: (sizes.get(group)?.size ?? 0) + sizeOf(row) })
  }
  const largestFirst = [...sizes].sort(([a, x], [b, y]) => y.size - x.size || (a < b ? -1 : 1))
  for (const [, { labels }] of largestFirst) {
    // What gets a place gets it whole: a value without a group would move what is counted elsewhere already.
    const fresh = open.filter(({ label, limit }) => {
      const texts = kept.get(label)
      return labels[label] !== OTHER && !texts?.has(labels[label] ?? '') && (texts?.size ?? 0) < limit
    })
    for (const { label } of fresh) kept.get(label)?.add(labels[label] ?? '')
    const group = groupOf(collector, placeValues(labels))
    if (group === OTHER || groups.has(group)) continue
    if (groups.size < room) groups.add(group)
    else for (const { label } of fresh) kept.get(label)?.delete(labels[label] ?? '')
  }
  return (labels) => {
    const valued = placeValues(labels)
    const group = groupOf(collector, valued)
    if (group === OTHER || groups.has(group)) return valued
    return open.reduce((placed, { label }) => placed.with(label, OTHER), valued)
  }
}

function runningOf({ labels, values }: LabelSet): Running {
  const zeros = values.map(totalOf)
  return { labels, totals: zeros, shown: zeros }
}

function totalOf(value: Value | undefined): Total {
  return typeof value === 'object' ? value.map(exact) : exact(value ?? 0)
}

function shownValue(total: Total): Value {
  return typeof total === 'object' ? total.map(Number) : Number(total)
}

function add(a: Total, b: Total): Total {
  return combine(a, b, addExact)
}

function max(a: Total, b: Total): Total {
  return combine(a, b, maxExact)
}

function combine(a: Total, b: Total, by: (a: Exact, b: Exact) => Exact): Total {
  if (typeof a === 'object' && typeof b === 'object') return a.map((part, i) => by(part, b[i] ?? 0))
  return typeof a === 'object' || typeof b === 'object' ? a : by(a, b)
}
