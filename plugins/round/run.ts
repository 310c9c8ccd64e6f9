import type { ISql } from 'postgres'
import type { Collector } from '../../src/contract/collector.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { countSeries } from '../../src/rows/label-set.ts'
import { addRejections, type Rows } from '../../src/rows/rows.ts'
import { listedSets } from '../../src/samples/other.ts'
import { type Samples, samplesOf } from '../../src/samples/samples.ts'
import { advanceWindow, shownSets, startWindow, type WindowState } from '../../src/samples/window.ts'
import { planWindow } from '../../src/samples/window-plan.ts'
import type { Moment } from '../../src/time/moment.ts'
import { finish, inSlices } from '../../src/time/slices.ts'
import { ask } from './ask.ts'

/**
 * Rows of one query for each series of the budget: what has no room of its own folds into "other", but a query that
 * returns ten times as much is one that forgot to aggregate. Few rows are never too many.
 */
const ROWS_PER_SERIES = 10
const FEW_ROWS = 200_000

/** What a run found, and where an incremental collector stands after it. */
export interface Found {
  readonly result: Samples
  readonly window?: WindowState
}

/**
 * Asks a collector's question in a transaction whose time is `now`, and resolves to what makes samples of the rows:
 * that needs the database no longer. `budget` is how many series they may be.
 */
export async function run(
  status: CollectorStatus,
  sql: ISql,
  now: Moment,
  budget: number,
): Promise<() => Promise<Found>> {
  const { collector } = status
  if (collector.settle !== undefined) return runWindows(status, collector.settle, sql, now, budget)
  const rows = await ask(status, sql, { from: now, to: now }, rowLimit(budget))
  return async () => ({ result: await inSlices(samplesOf(collector, rows, budget)) })
}

async function runWindows(
  status: CollectorStatus,
  settle: number,
  sql: ISql,
  now: Moment,
  budget: number,
): Promise<() => Promise<Found>> {
  const { collector, timeout } = status
  const state = status.window ?? startWindow(collector, now)
  const plan = planWindow(state, now, settle)
  const enough = performance.now() + timeout / 2
  const sealed: Rows[] = []
  let sealedTo = state.sealedTo
  for (const window of plan.sealed) {
    // After a long outage there is much to catch up with: what does not fit into this run is for the next ones.
    if (sealed.length > 0 && performance.now() > enough) break
    sealed.push(await ask(status, sql, window, rowLimit(budget)))
    sealedTo = window.to
  }
  const open = sealedTo === plan.open.from ? [await ask(status, sql, plan.open, rowLimit(budget))] : []
  return async () => {
    const rows = { sealedTo, sealed: setsOf(collector, sealed), open: setsOf(collector, open) }
    const { state: next, folded } = await inSlices(advanceWindow(collector, state, rows, budget))
    const sets = shownSets(next)
    const rejections = [...sealed, ...open].map((rows) => rows.rejections()).reduce(addRejections)
    return { result: { sets, series: finish(countSeries(sets)), folded, ...rejections }, window: next }
  }
}

function setsOf(collector: Collector, rows: readonly Rows[]) {
  return rows.flatMap((rows) => [...listedSets(collector, rows)])
}

/** How many rows a query may return. */
export function rowLimit(budget: number): number {
  return Math.max(ROWS_PER_SERIES * budget, FEW_ROWS)
}
