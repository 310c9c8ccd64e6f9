import { addRejected, type Rejections } from '../rows/rows.ts'
import type { Samples } from '../samples/samples.ts'

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
