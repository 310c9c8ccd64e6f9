import type { Collector } from '../contract/collector.ts'
import { later, type Moment, type Window } from '../time/moment.ts'
import { startWindow, type WindowState } from './window.ts'
import { type Horizon, sealOf } from './window-plan.ts'

/** What a collector counts from. */
export interface WindowStart {
  readonly state: WindowState
  /** The window whose rows were there at the start: they are not counted. Undefined when nothing of it can be open. */
  readonly base: Window | undefined
}

/**
 * Plans the first run of a collector that succeeds. `first` is what the first snapshot saw, which may be one of a run
 * that failed: what was committed after that counts, whatever its moment within `settle`.
 */
export function startAt(collector: Collector, first: Horizon, horizon: Horizon, settle: number): WindowStart {
  const since = completeTo(first)
  const from = sealOf(horizon, settle) ?? later(horizon.now, -settle)
  if (from >= since) return { state: startWindow(collector, since), base: undefined }
  // All that the first snapshot itself shows was there before; a later one can only tell by the moments of its rows.
  const to = first.now === horizon.now ? horizon.now : since
  return { state: startWindow(collector, since, from), base: { from, to } }
}

function completeTo({ now, complete }: Horizon): Moment {
  return complete === undefined || complete > now ? now : complete
}
