import type { CollectorStatus } from '../round/status.ts'

/** How a collector is, in a word, and the tab that it is in. */
export interface Condition {
  readonly word: string
  readonly tab: Tab
  /** Whether the cause is not its own, so that it is told once for all. */
  readonly away?: true
}

export const TABS = ['failing', 'warning', 'waiting', 'ok'] as const
export type Tab = (typeof TABS)[number]

/** How a collector is. `now` is of the monotonic clock. */
export function conditionOf(status: CollectorStatus, now: number): Condition {
  const state = status.state(now)
  const { last } = status
  if (state === 'waiting') return { word: 'waiting', tab: 'waiting' }
  if (last?.unavailable && state === 'failing') return { word: 'no database', tab: 'failing', away: true }
  if (state !== 'ok') return { word: state, tab: 'failing' }
  if (status.idle !== undefined) return { word: 'idle', tab: 'ok' }
  if (status.isStale(now)) return { word: 'stale', tab: 'failing' }
  if (last !== undefined && !(last.result instanceof Error)) {
    if (last.result.rejection !== undefined) return { word: 'rejecting', tab: 'warning' }
    if (last.result.folded > 0) return { word: 'folding', tab: 'warning' }
    if (status.nearsLimit) return { word: 'slow', tab: 'warning' }
  }
  return { word: 'ok', tab: 'ok' }
}
