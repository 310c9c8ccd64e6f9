import { formatDuration } from '../time/duration.ts'
import type { Collector } from './collector.ts'

/**
 * What there is to say about an interval that is shorter than the tick, which METRICS_TICK_DURATION sets: nothing runs
 * between two ticks. Undefined where it is not. No error, for the tick is the operator's choice.
 */
export function shortInterval({ interval }: Collector, tick: number): string | undefined {
  if (interval === undefined || interval >= tick) return undefined
  const [own, beat] = [interval, tick].map(formatDuration)
  return `its interval ${own} is below METRICS_TICK_DURATION (${beat}), so that it runs at every tick — write: interval: '${beat}' or longer, or leave it out`
}
