// Runs one collector in a transaction. Imports src/ and its own folder only.
import type { Collector } from '../../src/contract/collector.ts'
import type { Client } from '../../src/query/client.ts'
import type { RunResult } from '../../src/round/run.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { countSeries, type LabelSet } from '../../src/rows/label-set.ts'
import {
  NOTHING_REJECTED,
  newRejections,
  type Rejections,
  type Rows,
  rejectionsIn,
} from '../../src/rows/rows.ts'
import { listedSets } from '../../src/samples/other.ts'
import { type Samples, samplesOf } from '../../src/samples/samples.ts'
import type { Seen } from '../../src/samples/step.ts'
import { advanceWindow, shownSets, type WindowRows, type WindowState } from '../../src/samples/window.ts'
import { type Horizon, planWindow, sealOf } from '../../src/samples/window-plan.ts'
import { startAt } from '../../src/samples/window-start.ts'
import { lengthOf, type Window } from '../../src/time/moment.ts'
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
export interface RunOutput extends Pick<RunResult, 'rows' | 'asked'> {
  readonly result: Samples
  readonly window?: WindowState
  readonly openRejected?: Rejections['rejected']
}

/** What a run is given beside its collector. */
export interface RunContext {
  readonly horizon: Horizon
  /** What tells the database from others. */
  readonly source: string
  /** The most series that the samples may have. */
  readonly budget: number
  /** The time of the page that the last scrape got, in milliseconds of the monotonic clock. */
  readonly scraped: number | undefined
  /** Receives the state after the windows that were sealed so far: they count though the run fails. */
  sealed(window: () => Promise<WindowState>): void
}

/**
 * Runs a collector's query in a transaction. Resolves to a function that makes samples of the rows, which needs the
 * database no longer.
 */
export async function run(
  status: CollectorStatus,
  sql: Client,
  context: RunContext,
): Promise<() => Promise<RunOutput>> {
  const { collector } = status
  const { budget, horizon } = context
  if (collector.settle !== undefined) return runWindows(status, collector.settle, sql, context)
  const rows = await ask(status, sql, { from: horizon.now, to: horizon.now }, rowLimit(budget))
  const shown = () => status.shown(performance.now()).sets
  return async () => ({
    result: await inSlices(samplesOf(collector, rows, budget, shown())),
    rows: rows.seen,
  })
}

async function runWindows(
  status: CollectorStatus,
  settle: number,
  sql: Client,
  { horizon, source, budget, scraped, sealed: keep }: RunContext,
): Promise<() => Promise<RunOutput>> {
  const { collector, timeout, pace, window, started = horizon } = status
  const { state, base } =
    window === undefined ? startAt(collector, started, horizon, settle) : { state: window, base: undefined }
  const plan = planWindow(state, horizon, settle, pace.longest)
  const limit = rowLimit(budget)
  const begun = performance.now()
  const sealed: Rows[] = []
  let sealedTo = state.sealedTo
  const advance = (rest: Pick<WindowRows, 'open' | 'base'>, seen?: Seen) => {
    const rows = { sealedTo, sealed: setsOf(collector, sealed), ...rest }
    return inSlices(
      advanceWindow(collector, { ...state, source, time: horizon.believed }, rows, budget, seen),
    )
  }
  for (const part of plan.sealed) {
    const asked = performance.now()
    // After a long outage there are many windows. Those that do not fit into this run are for the next ones.
    if (sealed.length > 0 && !pace.fits(lengthOf(part), timeout - (asked - begun))) break
    pace.asks(lengthOf(part))
    sealed.push(await ask(status, sql, part, limit))
    pace.took(performance.now() - asked, timeout)
    sealedTo = part.to
    keep(async () => (await advance({ open: [] })).state)
  }
  const open = sealedTo === plan.open.from ? [await ask(status, sql, plan.open, limit)] : []
  const isOpen = base !== undefined && isSame(base, plan.open)
  const before = base === undefined ? [] : isOpen ? open : [await ask(status, sql, base, limit)]
  return async () => {
    const rest = { open: setsOf(collector, open), base: setsOf(collector, before) }
    const seen = { published: status.published, scraped, now: performance.now() }
    const { state: next, folded } = await advance(rest, seen)
    const sets = shownSets(next)
    const counted = status.openRejected ?? NOTHING_REJECTED.rejected
    const rejections = newRejections(rejectionsIn([...sealed, ...open]), counted)
    return {
      result: { sets, series: finish(countSeries(sets, collector.metrics)), folded, ...rejections },
      window: next,
      rows: [...sealed, ...open].reduce((sum, { seen }) => sum + seen, 0),
      asked: {
        from: state.sealedTo,
        sealed: sealedTo,
        to: plan.open.to,
        due: sealOf({ ...horizon, complete: horizon.seen }, settle),
      },
      openRejected: rejectionsIn(open).rejected,
    }
  }
}

function setsOf(collector: Collector, rows: readonly Rows[]): LabelSet[] {
  return rows.flatMap((rows) => [...listedSets(collector, rows)])
}

function isSame(a: Window, b: Window): boolean {
  return a.from === b.from && a.to === b.to
}

/** Returns how many rows a query may return. */
export function rowLimit(budget: number): number {
  return Math.max(ROWS_PER_SERIES * budget, MIN_ROW_LIMIT)
}
