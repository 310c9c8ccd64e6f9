import type { Clock } from '../../src/time/clock.ts'
import type { Timeline } from './timeline.ts'

/** What a process lives on, by a simulated clock: it can be frozen and thawed, and it can die. */
export class Machine implements Clock {
  readonly #timeline: Timeline
  /** What came while it was frozen. */
  #held: (() => void)[] | undefined
  #dead = false
  /** When its one core is free, for work that takes the core. */
  #free = 0

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  get dead(): boolean {
    return this.#dead
  }

  /** Whether whoever asks it is answered. */
  get answers(): boolean {
    return !this.#dead && this.#held === undefined
  }

  now(): number {
    return this.#timeline.now
  }

  after(milliseconds: number, work: () => void): () => void {
    let wanted = true
    const happen = () => {
      if (!wanted || this.#dead) return
      if (this.#held === undefined) work()
      else this.#held.push(happen)
    }
    const forget = this.#timeline.after(milliseconds, happen)
    return () => {
      wanted = false
      forget()
    }
  }

  pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    return this.within(milliseconds, signal, new Promise<never>(() => {})).catch(() => {})
  }

  within<T>(milliseconds: number, signal: AbortSignal, work: PromiseLike<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const abort = () => reject(signal.reason)
    const forget = this.after(milliseconds, () => reject(new Error('no answer in time')))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    work.then(resolve, reject)
    return promise.finally(() => {
      forget()
      signal.removeEventListener('abort', abort)
    })
  }

  /** Resolves when its core has done so many milliseconds of work, after what it had to do already. */
  compute(milliseconds: number): Promise<void> {
    this.#free = Math.max(this.#free, this.now()) + milliseconds
    return new Promise((resolve) => this.after(this.#free - this.now(), resolve))
  }

  kill(): void {
    this.#dead = true
  }

  freeze(): void {
    this.#held ??= []
  }

  thaw(): void {
    const held = this.#held ?? []
    this.#held = undefined
    // As they came, and each with all that follows from it before the next.
    for (const work of held) this.after(0, work)
  }
}
