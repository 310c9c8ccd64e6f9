// Samples: zeros, "other", windows and their totals. Imports stages before it and src/finding.ts only.
import type { Collector, CollectorMetric } from '../contract/collector.ts'
import type { Finding } from '../finding.ts'
import {
  type Cell,
  combine,
  countSeries,
  keyOf,
  type LabelSet,
  type LabelSets,
  REJECTED,
  seriesOf,
  type Value,
} from '../rows/label-set.ts'
import { LabelTable } from '../rows/label-table.ts'
import type { Rejections, Rows } from '../rows/rows.ts'
import { each, map, type Sliced } from '../time/slices.ts'
import { roomFor } from './group.ts'
import { chooseLabels, lacksName, listedSets, type Relabel } from './other.ts'
import { fillZeros } from './zeros.ts'

/** What a collector shows on the page, and what was rejected. */
export interface Samples extends Rejections {
  readonly sets: LabelSets
  /** How many series `sets` make on the page. */
  readonly series: number
  /** How many series were summed into "other" because there was no room for them. */
  readonly folded: number
}

/**
 * Makes the samples of one query's rows. What has no room within the limits of open labels and the series budget is folded
 * into "other"; every label set that is known and has no row is 0, unless a row that was rejected may be its row. If all is
 * as it was `shown` before, the samples have the same sets, so that what was made of those need not be made again, and the
 * table of the rows is dropped.
 */
export function* samplesOf(
  collector: Collector,
  rows: Rows,
  budget: number,
  shown?: LabelSets,
): Sliced<Samples> {
  const { rejected, rejection } = rows.rejections()
  const { sets, unfit, folded } = yield* foldRows(collector, rows, budget)
  const filled = yield* fillZeros(collector, sets, rows.unknown)
  const series = yield* countSeries(filled, collector.metrics)
  return {
    sets: shown === undefined ? filled : latest(filled, shown),
    series,
    rejected: { ...rejected, label: rejected.label + unfit.length },
    rejection: rejection ?? unfit.at(0),
    folded,
  }
}

/** Label sets after folding; `unfit` has a finding for each value that cannot be folded with another. */
interface Folded {
  readonly sets: LabelSets
  readonly unfit: readonly Finding[]
  /** How many series had to give up their labels. */
  readonly folded: number
}

function* foldRows(collector: Collector, rows: Rows, budget: number): Sliced<Folded> {
  const sets = listedSets(collector, rows)
  // There are at most as many groups as rows.
  if (rows.isWithinLimits && sets.length <= roomFor(collector, budget)) return { sets, unfit: [], folded: 0 }
  const relabel = yield* chooseLabels(collector, sets, { keep: [], budget })
  yield* rows.unknown.relabel(collector, relabel)
  return yield* merge(collector, sets, relabel)
}

/** Merges all label sets that are shown under the same labels into one. */
function* merge(collector: Collector, sets: LabelSets, relabel: Relabel): Sliced<Folded> {
  const shown = new Map<string, { readonly labels: readonly string[]; readonly rows: LabelSet[] }>()
  let folded = 0
  yield* each(sets, (set) => {
    const labels = relabel(set.labels)
    if (lacksName(collector, set.labels, labels)) folded += seriesOf(set, collector.metrics)
    const key = keyOf(labels)
    const same = shown.get(key)
    if (same === undefined) shown.set(key, { labels, rows: [set] })
    else same.rows.push(set)
  })
  const unfit: Finding[] = []
  const merged = yield* map(shown.values(), ({ labels, rows }) => {
    const values = collector.metrics.map((metric, i) => {
      const cells = rows.map(({ values }) => values[i]).filter((cell) => cell !== undefined)
      const given = cells.filter((cell) => cell !== REJECTED)
      if (metric.fold === 'none' && cells.length > 1) {
        const problem = `${metric.name} has several values that fold into "other", and cannot fold`
        for (const _ of given) unfit.push({ problem })
        return undefined
      }
      // What a value adds to a sum, or whether it is the largest, is not known when it was rejected.
      return given.length < cells.length ? REJECTED : fold(metric, given)
    })
    return { labels, values }
  })
  return { sets: merged, unfit, folded }
}

/** Makes one value of several; undefined when there are none. */
function fold({ fold }: CollectorMetric, values: readonly Value[]): Cell {
  if (values.length < 2) return values[0]
  if (fold === 'min') return values.map(Number).reduce((a, b) => Math.min(a, b))
  if (fold === 'max') return values.map(Number).reduce((a, b) => Math.max(a, b))
  return values.reduce((a, b) => combine(a, b, (a, b) => a + b))
}

/** Returns what is shown if a table has the same rows, and drops the table. Other label sets are few, and not worth the question. */
function latest(sets: LabelSets, shown: LabelSets): LabelSets {
  if (sets === shown || !(sets instanceof LabelTable && shown instanceof LabelTable)) return sets
  if (!sets.equals(shown)) return sets
  sets.drop()
  return shown
}
