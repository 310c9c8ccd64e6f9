// Runs one collector in a transaction. Imports src/ and its own folder only.
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
 * The most rows of a query for each series of the budget. Series beyond the budget fold into "other", but a query that
 * returns ten times as many rows has forgotten to aggregate.
 */
const ROWS_PER_SERIES = 10
/** Rows that a query may always return, however small the budget is. */
const MIN_ROW_LIMIT = 200_000

/** The samples of a run, and the state of a windowed collector after it. */
export interface RunOutput {
  readonly result: Samples
  readonly window?: WindowState
}

/**
 * Runs a collector's query in a transaction whose time is `now`. Resolves to a function that makes samples of the rows,
 * which needs the database no longer. `budget` is the most series that they may have.
 */
export async function run(
  status: CollectorStatus,
  sql: ISql,
  now: Moment,
  budget: number,
): Promise<() => Promise<RunOutput>> {
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
): Promise<() => Promise<RunOutput>> {
  const { collector, timeout } = status
  const state = status.window ?? startWindow(collector, now)
  const plan = planWindow(state, now, settle)
  const deadline = performance.now() + timeout / 2
  const sealed: Rows[] = []
  let sealedTo = state.sealedTo
  for (const window of plan.sealed) {
    // After a long outage there are many windows. Those that do not fit into this run are for the next ones.
    if (sealed.length > 0 && performance.now() > deadline) break
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

/** Returns how many rows a query may return. */
export function rowLimit(budget: number): number {
  return Math.max(ROWS_PER_SERIES * budget, MIN_ROW_LIMIT)
}
