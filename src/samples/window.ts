import { type Collector, OTHER } from '../contract/collector.ts'
import { keyOf, type LabelSet, seriesOf } from '../rows/label-set.ts'
import type { Moment } from '../time/moment.ts'
import { each, map, type Sliced } from '../time/slices.ts'
import { chooseLabels } from './other.ts'
import { addTotals, maxTotals, type Total, totalsOf, valuesOf, zeroTotals } from './total.ts'
import { fillZeros, knownSets } from './zeros.ts'

/** The labels and the totals of one label set of an incremental collector. */
interface Counted {
  readonly labels: readonly string[]
  /** What is counted for good. */
  readonly totals: readonly Total[]
}

/** One label set of an incremental collector. */
export interface Running extends Counted {
  /** What the page showed last. */
  readonly shown: readonly Total[]
}

/** How far an incremental collector has counted. A run that succeeds replaces the state, and nothing changes it. */
export interface WindowState {
  /** When its totals started from 0. */
  readonly since: Moment
  /** Everything up to this moment, inclusive, is counted for good. */
  readonly sealedTo: Moment
  /** By the key of their labels. */
  readonly running: ReadonlyMap<string, Running>
}

/** The state of a collector whose totals start from 0 now, with the label sets that are known in advance. */
export function startWindow(collector: Collector, now: Moment): WindowState {
  const zero = zeroTotals(collector)
  const running = knownSets(collector).map(({ labels }): [string, Running] => [
    keyOf(labels),
    { labels, totals: zero, shown: zero },
  ])
  return { since: now, sealedTo: now, running: new Map(running) }
}

/** What a run found: the rows of the windows that it sealed, up to `sealedTo`, and those of the open window. */
export interface WindowRows {
  readonly sealedTo: Moment
  readonly sealed: readonly LabelSet[]
  readonly open: readonly LabelSet[]
}

/**
 * Makes the state after a run, and counts the series that went to "other" because there was no room for them. A label
 * set that is new is shown as 0 once, so that increase() sees its first step; no value is ever less than it was before.
 */
export function* advanceWindow(
  collector: Collector,
  state: WindowState,
  { sealedTo, sealed, open }: WindowRows,
  budget: number,
): Sliced<{ readonly state: WindowState; readonly folded: number }> {
  // A counter must not change its labels, so what has series keeps them. "other" has a place from the start: a later run
  // may need it when all other places are taken.
  const keep = [
    collector.labels.map(() => OTHER),
    ...(yield* map(state.running.values(), ({ labels }) => labels)),
  ]
  const relabel = yield* chooseLabels(collector, [...sealed, ...open], { keep, budget })
  let folded = 0
  const count = (into: Map<string, Counted>, rows: readonly LabelSet[]) =>
    each(rows, (row) => {
      const labels = relabel(row.labels)
      if (labels !== row.labels) folded += seriesOf(row)
      const key = keyOf(labels)
      const before = into.get(key)
      const totals = totalsOf(row.values)
      into.set(key, { labels, totals: before === undefined ? totals : addTotals(before.totals, totals) })
    })
  const totals = new Map<string, Counted>(state.running)
  yield* count(totals, sealed)
  const withOpen = new Map(totals)
  yield* count(withOpen, open)

  // The labels that occur, then a 0 for each combination of closed labels beside them.
  const occurring = yield* map(withOpen.values(), ({ labels }) => ({ labels, values: [] }))
  const sets = yield* fillZeros(collector, occurring)
  const zero = zeroTotals(collector)
  const running = yield* map(sets, ({ labels }): [string, Running] => {
    const key = keyOf(labels)
    const last = state.running.get(key)
    // A combination that no row has is at 0; what only the open window has is not counted for good yet.
    const good = totals.get(key)?.totals ?? zero
    const now = withOpen.get(key)?.totals ?? zero
    return [key, { labels, totals: good, shown: last === undefined ? zero : maxTotals(last.shown, now) }]
  })
  return { state: { since: state.since, sealedTo, running: new Map(running) }, folded }
}

/** The label sets that the page shows of a state. */
export function shownSets({ running }: WindowState): readonly LabelSet[] {
  return Array.from(running.values(), ({ labels, shown }) => ({ labels, values: valuesOf(shown) }))
}
