import type { CollectorStatus } from './status.ts'

/** Seconds that a round's collectors may take together, for one session to be enough. */
const QUICK = 1

/**
 * How long a round runs its collectors one after another before it runs several at once, in milliseconds: while they
 * take less than a second together, which they did when they last ran. It is 0 for those that took longer, and for those
 * of which nothing is known yet.
 */
export function patienceFor(collectors: readonly CollectorStatus[]): number {
  const seconds = collectors.reduce((sum, { last }) => sum + (last?.seconds ?? Number.POSITIVE_INFINITY), 0)
  return seconds < QUICK ? 1000 * QUICK : 0
}
