import type { Collector } from '../contract/collector.ts'
import { takesNegative } from '../contract/metric.ts'
import { parseMoment } from '../time/moment.ts'
import type { Exact } from './decimal.ts'
import type { SavedWindow } from './saved-window.ts'
import type { Total } from './total.ts'

/**
 * Says which total of a saved state cannot be one, such as "business_things_total was -5"; undefined when each
 * can. A counter that went on from there would stand still, or show what no counter shows.
 */
export function impossibleTotal({ metrics }: Collector, saved: SavedWindow): string | undefined {
  // Totals are less the base line, until that is counted for good as well.
  const settled = parseMoment(saved.sealedTo) >= parseMoment(saved.since)
  for (const [, totals, shown] of saved.running) {
    for (const [i, metric] of metrics.entries()) {
      const { name, type, buckets } = metric
      const isPossible = (value: Exact, part: number) =>
        Number.isFinite(Number(value)) &&
        (Number(value) >= 0 || (type === 'histogram' && part > buckets.length && takesNegative(metric)))
      const wrong =
        partsOf(shown[i]).find((value, part) => !isPossible(value, part)) ??
        partsOf(totals[i]).find((value, part) => !isPossible(settled ? value : absolute(value), part))
      if (wrong === undefined) continue
      return `${name} was ${Number(wrong)}`
    }
  }
  return undefined
}

function partsOf(total: Total | undefined): readonly Exact[] {
  if (total === undefined) return []
  return typeof total === 'object' ? total : [total]
}

function absolute(value: Exact): number {
  return Math.abs(Number(value))
}
