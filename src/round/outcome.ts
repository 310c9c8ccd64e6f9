import { addRejected, type Rejections } from '../rows/rows.ts'
import type { Samples } from '../samples/samples.ts'
import type { WindowState } from '../samples/window.ts'
import type { CollectorStatus } from './status.ts'

/** What one run of a collector came to. */
export interface RunResult {
  /** How long the run took, in seconds. */
  readonly seconds: number
  /** What it found, or why it failed. */
  readonly result: Samples | Error
  /** The state of a windowed collector after a run that succeeded. */
  readonly window?: WindowState
}

/** A run, and the collector whose it was. */
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

export function addCounts({ failures, rejected, folded }: Counts, result: Samples | Error): Counts {
  if (result instanceof Error) return { failures: failures + 1, rejected, folded }
  return {
    failures,
    rejected: addRejected(rejected, result.rejected),
    folded: folded + result.folded,
  }
}
