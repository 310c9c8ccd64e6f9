import { formatDuration } from './duration.ts'

/** How many parts a deadline is waited for in, and the longest of them in milliseconds. */
const PARTS = 4
const LONGEST_PART = 1000

/** Something took longer than it may. */
export class DeadlineError extends Error {
  override name = 'DeadlineError'
}

/**
 * The outcome of `work`, whose signal aborts when `milliseconds` have passed or `signal` aborts. It waits for the
 * work, which must heed the signal. Leaves no timer and no listener behind.
 */
export async function deadline<T>(
  milliseconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const abort = () => controller.abort(signal.reason)
  const late = () => controller.abort(new DeadlineError(`no answer within ${formatDuration(milliseconds)}`))
  let left = milliseconds
  let timer: NodeJS.Timeout | undefined
  const wait = () => {
    const started = performance.now()
    const part = Math.min(milliseconds / PARTS, LONGEST_PART, left)
    timer = setTimeout(() => {
      // While somebody's code held up the process no answer could be heard: of that time little counts.
      left -= Math.min(performance.now() - started, 2 * part)
      if (left < 1) late()
      else wait()
    }, part)
  }
  wait()
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/**
 * The outcome of `work`, or the reason of `signal` as soon as it aborts or `milliseconds` have passed. The work
 * itself goes on then; whoever started it must end it.
 */
export function within<T>(milliseconds: number, signal: AbortSignal, work: PromiseLike<T>): Promise<T> {
  return deadline(milliseconds, signal, (signal) => {
    const aborted = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason))
    })
    return Promise.race([work, aborted])
  })
}

/** Resolves after `milliseconds`, or at once when `signal` aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await within(milliseconds, signal, new Promise(() => {})).catch(() => {})
}
