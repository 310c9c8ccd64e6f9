import type { Clock } from '../../src/time/clock.ts'
import type { Limit } from '../../src/time/deadline.ts'
import type { Timeline } from './timeline.ts'

/** The machine that a simulated process runs on, and its clock. It can be frozen, thawed and killed. */
export class Machine implements Clock {
  readonly #timeline: Timeline
  /** What would have happened while it was frozen. */
  #held: (() => void)[] | undefined
  #dead = false
  /** The moment at which its one core is free. */
  #free = 0

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  get dead(): boolean {
    return this.#dead
  }

  /** Whether it answers a request. */
  get answers(): boolean {
    return !this.#dead && this.#held === undefined
  }

  now(): number {
    return this.#timeline.now
  }

  date(): number {
    return this.#timeline.now
  }

  after(ms: number, work: () => void): () => void {
    let wanted = true
    const happen = () => {
      if (!wanted || this.#dead) return
      if (this.#held === undefined) work()
      else this.#held.push(happen)
    }
    const cancel = this.#timeline.after(ms, happen)
    return () => {
      wanted = false
      cancel()
    }
  }

  every(wait: number, interval: number, work: () => void): () => void {
    let cancel = () => {}
    const repeat = () => {
      // As a timer of the process: what the work cancels is the next call.
      cancel = this.after(interval, repeat)
      work()
    }
    cancel = this.after(wait, repeat)
    return () => cancel()
  }

  pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const cancel = this.after(ms, end)
      if (signal.aborted) end()
      else signal.addEventListener('abort', end)
    })
  }

  within<T>(work: PromiseLike<T>, { ms, signal }: Limit): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const abort = () => reject(signal?.reason)
    const cancel = this.after(ms, () => reject(new Error('no answer in time')))
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort)
    work.then(resolve, reject)
    return promise.finally(() => {
      cancel()
      signal?.removeEventListener('abort', abort)
    })
  }

  /** Resolves when its core has done a number of milliseconds of work, after the work that it had already. */
  compute(ms: number): Promise<void> {
    this.#free = Math.max(this.#free, this.now()) + ms
    return new Promise((resolve) => this.after(this.#free - this.now(), resolve))
  }

  /** Ends the process: nothing happens on this machine any more. */
  kill(): void {
    this.#dead = true
  }

  /** Stops the process until it is thawed. */
  freeze(): void {
    this.#held ??= []
  }

  /** Lets the process go on, with what should have happened meanwhile. */
  thaw(): void {
    const held = this.#held ?? []
    this.#held = undefined
    // In their order, and each with all that follows from it before the next.
    for (const work of held) this.after(0, work)
  }
}
