import type { RunResult } from './run.ts'
import type { CollectorStatus } from './status.ts'

/** The result of a run, and its collector. */
export interface Outcome extends RunResult {
  readonly status: CollectorStatus
}
