import type { Rejections } from '../rows/rows.ts'
import type { Samples } from '../samples/samples.ts'
import type { WindowState } from '../samples/window.ts'
import type { Moment } from '../time/moment.ts'

/** The result of one run of a collector. */
export interface RunResult {
  /** How long the run took, in seconds. */
  readonly seconds: number
  /** The samples, or why the run failed. */
  readonly result: Samples | Error
  /** Why it asked nothing, when it is not for the server that was asked. */
  readonly idle?: string
  /** Whether the database was unavailable, so that the collector asked nothing. */
  readonly unavailable?: boolean | undefined
  /** Whether it was cut off because the database went away, which did not come back in that round. */
  readonly lost?: boolean
  /** The state of a windowed collector after the run: one that failed may have sealed some windows before. */
  readonly window?: WindowState
  /** How many rows its queries returned. */
  readonly rows?: number | undefined
  /** What a windowed collector asked for. */
  readonly asked?: Asked | undefined
  /** What it rejected in its open window, which the next run asks for again. */
  readonly openRejected?: Rejections['rejected']
}

/** What came after `from` and up to `to`, of which what came up to `sealed` is counted for good. */
export interface Asked {
  readonly from: Moment
  readonly sealed: Moment
  readonly to: Moment
  /** Up to when the server has seen enough for that; undefined when it does not know. */
  readonly due: Moment | undefined
}

/** A past run of a collector, for the debug page. */
export interface PastRun {
  readonly seconds: number
  readonly failed: boolean
  /** Series on the page after it. */
  readonly series: number
}
