// Runs the collectors of a round, in as few snapshots as there can be. Imports src/ and its own folder only.
import type { Endpoint } from '../../src/config/database-url.ts'
import type { Snapshot } from '../../src/query/db.ts'
import type { Outcome } from '../../src/round/outcome.ts'
import { patienceFor } from '../../src/round/patience.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { pause } from '../../src/time/deadline.ts'

/** How a run of a collector in a snapshot ended. */
export interface Attempt {
  readonly outcome: Outcome
  /** What the run had done when the snapshot or its connection was lost; undefined when neither was. */
  readonly lost?: 'nothing' | 'begun'
}

export interface CollectOptions {
  /** Takes a snapshot on an endpoint that is not in `avoid`; `again` after one was lost. */
  snapshot(avoid: ReadonlyMap<Endpoint, Error>, again: boolean): Promise<Snapshot>
  /** Runs a collector in a snapshot. It never rejects. */
  run(status: CollectorStatus, snapshot: Snapshot): Promise<Attempt>
  /** The outcome of a collector that asks nothing, because there is no snapshot to be had since `started`. */
  unavailable(status: CollectorStatus, started: number, error: unknown): Outcome
  /** Is told how many collectors are done. */
  progress(done: number): void
  /** How many endpoints the database has. */
  readonly endpoints: number
  /** The most collectors that query at once. */
  readonly concurrency: number
  readonly signal: AbortSignal
}

/**
 * Runs each collector until it has succeeded or failed. When a snapshot is lost, those that had not begun and those that
 * were cut off run in another one: on the same endpoint once more, and after that on another if there is one.
 */
export async function collect(due: readonly CollectorStatus[], options: CollectOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const cutOff = new Map<CollectorStatus, Outcome[]>()
  const losses = new Map<Endpoint, number>()
  const avoid = new Map<Endpoint, Error>()
  let left = due
  while (left.length > 0) {
    const started = performance.now()
    let snapshot: Snapshot
    try {
      snapshot = await options.snapshot(avoid, losses.size > 0)
    } catch (error) {
      return [
        ...outcomes,
        ...left.map((status) => {
          const last = cutOff.get(status)?.at(-1)
          return last === undefined ? options.unavailable(status, started, error) : { ...last, lost: true }
        }),
      ]
    }
    const untouched: CollectorStatus[] = []
    const again: CollectorStatus[] = []
    await runAll(left, snapshot, options, ({ outcome, lost }) => {
      const { status } = outcome
      const earlier = cutOff.get(status) ?? []
      if (lost === 'nothing') untouched.push(status)
      else if (lost === 'begun' && earlier.length < options.endpoints && !options.signal.aborted) {
        cutOff.set(status, [...earlier, outcome])
        again.push(status)
      } else {
        outcomes.push(outcome)
        options.progress(outcomes.length)
      }
    })
    await snapshot.close()
    const { endpoint } = snapshot
    if (untouched.length + again.length > 0) {
      const times = (losses.get(endpoint) ?? 0) + 1
      losses.set(endpoint, times)
      const inVain = untouched.length === left.length
      const others = options.endpoints - avoid.size > 1
      if (times > 1 && (inVain || others))
        avoid.set(endpoint, new Error('its connection was lost in a round'))
    }
    // Last, because one of these may be what ends the snapshots.
    left = [...untouched, ...again]
  }
  return outcomes
}

/** Runs collectors one after another, and several at once when they take longer than was to be expected. */
async function runAll(
  collectors: readonly CollectorStatus[],
  snapshot: Snapshot,
  { run, concurrency, signal }: CollectOptions,
  onAttempt: (attempt: Attempt) => void,
): Promise<void> {
  const queue = collectors.values()
  const worker = async () => {
    for (const status of queue) onAttempt(await run(status, snapshot))
  }
  const done = new AbortController()
  const first = worker().finally(() => done.abort())
  if (!snapshot.sequential) {
    await pause(patienceFor(collectors), AbortSignal.any([done.signal, signal]))
    await Promise.all(Array.from({ length: concurrency - 1 }, worker))
  }
  await first
}
