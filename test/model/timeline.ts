import { setImmediate } from 'node:timers/promises'

interface Event {
  readonly at: number
  readonly order: number
  work: (() => void) | undefined
}

/** Simulated time. Events happen in the order of their moments, each with all that follows from it before the next. */
export class Timeline {
  now = 0
  #order = 0
  /** A heap, the next event first. */
  readonly #events: Event[] = []

  /** Calls `work` after a number of milliseconds. Returns what prevents that. */
  after(ms: number, work: () => void): () => void {
    const event: Event = { at: this.now + Math.max(ms, 0), order: this.#order++, work }
    this.#push(event)
    return () => {
      event.work = undefined
    }
  }

  /**
   * Lets time pass up to a moment. Nothing here waits for a device, so after one turn of the event loop every promise has
   * been followed.
   */
  async run(until: number): Promise<void> {
    await setImmediate()
    for (let event = this.#events[0]; event !== undefined && event.at <= until; event = this.#events[0]) {
      this.#pop()
      if (event.work === undefined) continue
      this.now = event.at
      event.work()
      await setImmediate()
    }
    this.now = until
  }

  #push(event: Event): void {
    const events = this.#events
    let at = events.push(event) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = events[above]
      if (parent === undefined || before(parent, event)) break
      events[at] = parent
      at = above
    }
    events[at] = event
  }

  #pop(): void {
    const events = this.#events
    const last = events.pop()
    if (last === undefined || events.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const [left, right] = [events[below], events[below + 1]]
      if (left === undefined) break
      let least = left
      if (right !== undefined && before(right, left)) {
        least = right
        below++
      }
      if (before(last, least)) break
      events[at] = least
      at = below
    }
    events[at] = last
  }
}

function before(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
