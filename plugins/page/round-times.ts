// How long the rounds of a database took. Imports src/ only.
import type { Column, Family } from '../../src/page/family.ts'

/** Seconds: from a few quick queries to the timeouts of slow ones. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const RESULTS = ['success', 'failure'] as const
type Result = (typeof RESULTS)[number]

/** The durations of some rounds: how many took at most as long as each bucket says, how many there were, their sum. */
interface Durations {
  readonly buckets: readonly number[]
  readonly count: number
  readonly sum: number
}

const NONE: Durations = { buckets: BUCKETS.map(() => 0), count: 0, sum: 0 }

/** The rounds of a database, by their result. A counter that appears with its first increment hides that from rate(). */
export class RoundTimes {
  #durations: Readonly<Record<Result, Durations>> = { success: NONE, failure: NONE }

  /** Another object after each change. */
  get state(): object {
    return this.#durations
  }

  of(result: Result): Durations {
    return this.#durations[result]
  }

  /** Counts a round. */
  add(result: Result, seconds: number): void {
    const { buckets, count, sum } = this.#durations[result]
    const added = {
      buckets: buckets.map((count, i) => (seconds <= (BUCKETS[i] ?? 0) ? count + 1 : count)),
      count: count + 1,
      sum: sum + seconds,
    }
    this.#durations = { ...this.#durations, [result]: added }
  }

  /** Forgets all rounds. */
  clear(): void {
    this.#durations = { success: NONE, failure: NONE }
  }
}

export const ROUNDS: Family<RoundTimes> = {
  name: 'collection_duration_seconds',
  help: 'Duration of a round; result is "failure" when a collector failed in it.',
  type: 'histogram',
  columns: RESULTS.flatMap(columnsOf),
}

function columnsOf(result: Result): Column<RoundTimes>[] {
  const count = (times: RoundTimes) => times.of(result).count
  return [
    ...BUCKETS.map((le, i) => ({
      suffix: '_bucket',
      labels: { result, le },
      read: (times: RoundTimes) => times.of(result).buckets[i],
    })),
    { suffix: '_bucket', labels: { result, le: '+Inf' }, read: count },
    { suffix: '_sum', labels: { result }, read: (times) => times.of(result).sum },
    { suffix: '_count', labels: { result }, read: count },
  ]
}
