import { addRejected, type Rejections } from '../rows/rows.ts'
import type { Samples } from '../samples/samples.ts'
import type { WindowState } from '../samples/window.ts'
import type { CollectorStatus } from './status.ts'

/** The result of one run of a collector. */
export interface RunResult {
  /** How long the run took, in seconds. */
  readonly seconds: number
  /** The samples, or why the run failed. */
  readonly result: Samples | Error
  /** The state of a windowed collector after a run that succeeded. */
  readonly window?: WindowState
}

/** The result of a run, and its collector. */
export interface Outcome extends RunResult {
  readonly status: CollectorStatus
}

/** Totals over the runs of a collector. */
export interface Counts {
  readonly failures: number
  readonly rejected: Rejections['rejected']
  readonly folded: number
}

export const NO_COUNTS: Counts = {
  failures: 0,
  rejected: { value: 0, label: 0, duplicate: 0 },
  folded: 0,
}

/** Adds the result of a run to the totals. */
export function addCounts({ failures, rejected, folded }: Counts, result: Samples | Error): Counts {
  if (result instanceof Error) return { failures: failures + 1, rejected, folded }
  return {
    failures,
    rejected: addRejected(rejected, result.rejected),
    folded: folded + result.folded,
  }
}
