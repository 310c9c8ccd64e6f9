import type { ISql } from 'postgres'
import { seriesOf } from '../../src/labelset.ts'
import type { Moment } from '../../src/moment.ts'
import { addRejections, type Rows } from '../../src/rows.ts'
import { samplesOf } from '../../src/samples.ts'
import type { CollectorStatus, Outcome } from '../../src/status.ts'
import { advanceWindow, planWindow, shownSets, startWindow } from '../../src/window.ts'
import { ask } from './ask.ts'

/** What a run found. */
export type Found = Pick<Outcome, 'window'> & { readonly result: Exclude<Outcome['result'], Error> }

/** Asks a collector's question in a transaction whose time is `now`. `budget` is how many series it may make. */
export async function run(status: CollectorStatus, sql: ISql, now: Moment, budget: number): Promise<Found> {
  const { collector } = status
  if (collector.settle !== undefined) return runWindows(status, collector.settle, sql, now, budget)
  const rows = await ask(collector, sql, { from: now, to: now })
  return { result: samplesOf(collector, rows.sets(), rows.rejections(), budget) }
}

async function runWindows(
  { collector, window, timeout }: CollectorStatus,
  settle: number,
  sql: ISql,
  now: Moment,
  budget: number,
): Promise<Found> {
  const state = window ?? startWindow(collector, now)
  const plan = planWindow(state, now, settle)
  const enough = performance.now() + timeout / 2
  const sealed: Rows[] = []
  let sealedTo = state.sealedTo
  for (const window of plan.sealed) {
    // After a long outage there is much to catch up with: what does not fit into this run is for the next ones.
    if (sealed.length > 0 && performance.now() > enough) break
    sealed.push(await ask(collector, sql, window))
    sealedTo = window.to
  }
  const open = sealedTo === plan.open.from ? [await ask(collector, sql, plan.open)] : []
  const rows = { sealedTo, sealed: setsOf(sealed), open: setsOf(open) }
  const { state: next, folded } = advanceWindow(collector, state, rows, budget)
  const sets = shownSets(next)
  const series = sets.reduce((sum, set) => sum + seriesOf(set), 0)
  const rejections = [...sealed, ...open].map((rows) => rows.rejections()).reduce(addRejections)
  return { result: { sets, series, folded, ...rejections }, window: next }
}

function setsOf(rows: readonly Rows[]) {
  return rows.flatMap((rows) => rows.sets())
}
