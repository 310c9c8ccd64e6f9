import type { CollectorStatus } from '../round/status.ts'
import { formatClock } from '../time/age.ts'
import type { Circumstances } from './problem.ts'

/** Says from when the values of collectors that fail are, and until when they stay on the page. */
export function valuesOf(statuses: readonly CollectorStatus[], { now, date }: Circumstances): string {
  const clock = (at: number) => formatClock(at, date)
  const successes = statuses.flatMap(({ lastSuccess }) =>
    lastSuccess === undefined ? [] : lastSuccess * 1000,
  )
  if (successes.length === 0) return 'No values yet'
  const gone = statuses.filter((status) => status.isStale(now))
  const oldest = Math.min(...successes)
  if (gone.length === statuses.length) {
    return `Values are gone from /metrics: the last are from ${clock(Math.max(...successes))}`
  }
  const ends = statuses.flatMap(({ staleAt }) => staleAt ?? []).filter((at) => at > now)
  const until = Math.min(...ends)
  const stay = Number.isFinite(until) ? `stay until ${clock(date + until - now)}` : 'stay'
  const some = gone.length === 0 ? '' : `; those of ${gone.length} are gone`
  return `Values are from ${clock(oldest)} and ${stay}${some}`
}
