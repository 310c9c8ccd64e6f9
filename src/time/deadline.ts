import { setTimeout as wait } from 'node:timers/promises'
import { formatDuration } from './duration.ts'

/** How many parts a time limit is waited for in, and the longest of them in milliseconds. */
const PARTS = 4
const LONGEST_PART = 1000

/** Says that something took longer than it may. */
export class DeadlineError extends Error {
  override name = 'DeadlineError'
}

/** How long work may take. */
export interface Limit {
  /** Milliseconds. */
  readonly ms: number
  /** Ends the work earlier, with its reason. */
  readonly signal?: AbortSignal
}

/**
 * Runs work that takes a signal, and waits until it has ended. The signal aborts with a DeadlineError after `ms`, or with
 * the reason of the limit's own signal. Leaves no timer and no listener behind.
 *
 * A blocked event loop cannot read an answer that has arrived, so it must not use up the time: of each stretch for which
 * the loop was blocked, at most twice a part counts, which is 2 × min(ms / 4, 1 s).
 */
export async function deadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { ms, signal }: Limit,
): Promise<T> {
  const controller = new AbortController()
  const abort = () => controller.abort(signal?.reason)
  let left = ms
  let timer: NodeJS.Timeout | undefined
  const waitForPart = () => {
    const started = performance.now()
    const part = Math.min(ms / PARTS, LONGEST_PART, left)
    timer = setTimeout(() => {
      left -= Math.min(performance.now() - started, 2 * part)
      if (left < 1) controller.abort(new DeadlineError(`no answer within ${formatDuration(ms)}`))
      else waitForPart()
    }, part)
  }
  waitForPart()
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

/**
 * Waits for work that takes no signal. Rejects when the limit ends first, as the signal of `deadline` aborts. The work
 * itself goes on then: the caller must end it.
 */
export function within<T>(work: PromiseLike<T>, limit: Limit): Promise<T> {
  return deadline((signal) => {
    const aborted = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason))
    })
    return Promise.race([work, aborted])
  }, limit)
}

/**
 * Waits for what is being opened as long as `inTime` does, which is the same work within a limit. What arrives later is
 * closed, because nobody has it.
 */
export async function orClose<T>(
  opening: Promise<T>,
  inTime: Promise<T>,
  close: (late: T) => unknown,
): Promise<T> {
  try {
    return await inTime
  } catch (error) {
    opening.then(close, () => {})
    throw error
  }
}

/** Resolves after so many milliseconds, or as soon as `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
