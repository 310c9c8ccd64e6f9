/** The connections that may be open at once. A caller that finds none left waits for one, in order. */
export class Capacity {
  #left: number
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#left = limit
  }

  /** Whether callers are waiting. */
  get exhausted(): boolean {
    return this.#waiting.length > 0
  }

  /** Takes one. Rejects when `signal` aborts before there is one. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#left > 0) {
      this.#left--
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => {
      const at = this.#waiting.indexOf(resolve)
      if (at < 0) return
      this.#waiting.splice(at, 1)
      reject(signal.reason)
    }
    this.#waiting.push(resolve)
    signal.addEventListener('abort', abort)
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Gives one back, to the caller that has waited longest. */
  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#left++
    else next()
  }
}
