import { pause, within } from './deadline.ts'

/** The time that an election goes by: that of the process, or a simulated one. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number
  /** Does something after so many milliseconds, unless what it returns is called before. */
  after(milliseconds: number, work: () => void): () => void
  /** As `pause` of deadline.ts. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>
  /** As `within` of deadline.ts. */
  within<T>(milliseconds: number, signal: AbortSignal, work: PromiseLike<T>): Promise<T>
}

/** The clock of the process. */
export const clock: Clock = {
  now: () => performance.now(),
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds)
    return () => clearTimeout(timer)
  },
  pause,
  within,
}
