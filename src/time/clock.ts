// Time: durations, moments, clocks, deadlines. Imports nothing of the service.
import { SimpleIntervalJob, Task, ToadScheduler } from 'toad-scheduler'
import { type Limit, pause, within } from './deadline.ts'

/** The time that ticks and leaders go by: that of the process, or a simulated one. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number
  /** Milliseconds since 1970, of a clock that people can set. */
  date(): number
  /** Calls `work` once after so many milliseconds. Returns what prevents that. */
  after(ms: number, work: () => void): () => void
  /** Calls `work` after `wait` milliseconds, and then every `interval` milliseconds. Returns what ends that. */
  every(wait: number, interval: number, work: () => void): () => void
  /** Does the same as `pause` of deadline.ts. */
  pause(ms: number, signal: AbortSignal): Promise<void>
  /** Does the same as `within` of deadline.ts. */
  within<T>(work: PromiseLike<T>, limit: Limit): Promise<T>
}

/** The clock of the process. */
export const clock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  },
  every(wait, interval, work) {
    // The scheduler would call without a pause.
    if (!(interval >= 1)) throw new RangeError(`an interval of ${interval} ms is too short`)
    // It keeps the jobs that were removed from it, so each gets a scheduler of its own.
    const scheduler = new ToadScheduler()
    // It prints what the work throws and goes on, unless this throws it again: then it is an uncaught exception.
    const task = new Task('every', work, (error) => {
      throw error
    })
    // The work decides what to do when it is called too early: the scheduler would not call it, and tell nobody.
    const job = new SimpleIntervalJob({ milliseconds: interval, runImmediately: true }, task, {
      preventOverrun: false,
    })
    // `runImmediately` makes the first call within `addSimpleIntervalJob`: so that waits, too.
    const timer = setTimeout(() => scheduler.addSimpleIntervalJob(job), wait)
    return () => {
      clearTimeout(timer)
      scheduler.stop()
    }
  },
  pause,
  within,
}
