import { type Collector, OTHER } from '../contract/collector.ts'
import { keyOf, type LabelSet, seriesOf } from '../rows/label-set.ts'
import type { Moment } from '../time/moment.ts'
import { each, map, type Sliced } from '../time/slices.ts'
import { chooseLabels, lacksName } from './other.ts'
import { type Seen, stillZero, type Zero } from './step.ts'
import { addTotals, maxTotals, subtractTotals, type Total, totalsOf, valuesOf, zeroTotals } from './total.ts'
import { fillZeros, knownSets } from './zeros.ts'

/** The labels and the totals of one label set of an incremental collector. */
interface Counted {
  readonly labels: readonly string[]
  /** What is counted for good, less the base line. */
  readonly totals: readonly Total[]
}

/** One label set of an incremental collector. */
export interface Running extends Counted {
  /** What the page showed last. */
  readonly shown: readonly Total[]
  /** Set while the page shows the 0 that it begins with. */
  readonly zero: Zero | undefined
}

/** How far an incremental collector has counted. A run replaces the state, and nothing changes it. */
export interface WindowState {
  /** When its totals started from 0. */
  readonly since: Moment
  /** Everything up to this moment, inclusive, is counted for good. */
  readonly sealedTo: Moment
  /** The time of the last snapshot that was counted, by the database's clock as far as that is believed. */
  readonly time: Moment
  /** The database that was counted; undefined when it cannot be told from others. */
  readonly source: string | undefined
  /** By the key of their labels. */
  readonly running: ReadonlyMap<string, Running>
}

/**
 * The state of a collector whose totals start from 0 at `since`, with the label sets that are known in advance. It will
 * count what comes after `sealedTo`, less the base line that the first run finds.
 */
export function startWindow(collector: Collector, since: Moment, sealedTo = since): WindowState {
  const zero = zeroTotals(collector)
  const running = knownSets(collector).map(({ labels }): [string, Running] => [
    keyOf(labels),
    { labels, totals: zero, shown: zero, zero: undefined },
  ])
  return { since, sealedTo, time: since, source: undefined, running: new Map(running) }
}

/** What a run found. */
export interface WindowRows {
  /** How far it sealed, and the rows up to there. */
  readonly sealedTo: Moment
  readonly sealed: readonly LabelSet[]
  /** The rows of the open window. */
  readonly open: readonly LabelSet[]
  /** The base line of a first run: the rows after `sealedTo` that were there when the totals started. */
  readonly base?: readonly LabelSet[]
}

/**
 * Makes the state after a run, and counts the series that went to "other" because there was no room for them. No value
 * is ever less than it was before. A label set that is new is shown as 0 first; `seen` says which pages were. Without
 * it, the run has failed after what it sealed, and shows nothing.
 */
export function* advanceWindow(
  collector: Collector,
  state: WindowState,
  { sealedTo, sealed, open, base = [] }: WindowRows,
  budget: number,
  seen: Seen | undefined,
): Sliced<{ readonly state: WindowState; readonly folded: number }> {
  // A counter must not change its labels, so what has series keeps them. "other" has a place from the start: a later run
  // may need it when all other places are taken.
  const keep = [
    collector.labels.map(() => OTHER),
    ...(yield* map(state.running.values(), ({ labels }) => labels)),
  ]
  const relabel = yield* chooseLabels(collector, [...sealed, ...open], { keep, budget })
  const zero = zeroTotals(collector)
  let folded = 0
  const count = (into: Map<string, Counted>, rows: readonly LabelSet[], combine: typeof addTotals) =>
    each(rows, (row) => {
      const labels = relabel(row.labels)
      if (combine === addTotals && lacksName(collector, row.labels, labels))
        folded += seriesOf(row, collector.metrics)
      const key = keyOf(labels)
      into.set(key, { labels, totals: combine(into.get(key)?.totals ?? zero, totalsOf(row.values)) })
    })
  const totals = new Map<string, Counted>(state.running)
  yield* count(totals, base, subtractTotals)
  yield* count(totals, sealed, addTotals)
  const withOpen = new Map(totals)
  yield* count(withOpen, open, addTotals)

  // The labels that occur, then a 0 for each combination of closed labels beside them.
  const occurring = yield* map(withOpen.values(), ({ labels }) => ({ labels, values: [] }))
  const sets = yield* fillZeros(collector, occurring)
  const running = yield* map(sets, ({ labels }): [string, Running] => {
    const key = keyOf(labels)
    const last = state.running.get(key)
    // A combination that no row has is at 0; what only the open window has is not counted for good yet.
    const good = totals.get(key)?.totals ?? zero
    const now = withOpen.get(key)?.totals ?? zero
    const isZero = stillZero(last, seen)
    const before = last?.shown ?? zero
    const shown = isZero !== undefined || seen === undefined ? before : maxTotals(before, now)
    return [key, { labels, totals: good, shown, zero: isZero }]
  })
  return { state: { ...state, sealedTo, running: new Map(running) }, folded }
}

/** The label sets that the page shows of a state. */
export function shownSets({ running }: WindowState): readonly LabelSet[] {
  return Array.from(running.values(), ({ labels, shown }) => ({ labels, values: valuesOf(shown) }))
}

/** The state for the one that counts next: it begins with what a scrape has had, as in `read`, and not with what none has. */
export function asRead(collector: Collector, state: WindowState, read: WindowState | undefined): WindowState {
  if (read === undefined || read === state) return state
  const zero = zeroTotals(collector)
  const running = Array.from(state.running, ([key, counted]): [string, Running] => [
    key,
    { ...counted, shown: read.running.get(key)?.shown ?? zero },
  ])
  return { ...state, running: new Map(running) }
}
