import { setImmediate } from 'node:timers/promises'

/** Long work, which can be interrupted wherever it yields. */
export type Sliced<T> = Generator<void, T>

/** Steps of a loop between two yields. */
const SLICE = 256
/** Milliseconds of work before the event loop gets a turn. */
const TURN = 4

/** Calls `visit` with each item. */
export function* each<T>(items: Iterable<T>, visit: (item: T, index: number) => void): Sliced<void> {
  let i = 0
  for (const item of items) {
    visit(item, i++)
    if (i % SLICE === 0) yield
  }
}

/** Returns what `to` makes of each item. */
export function* map<T, U>(items: Iterable<T>, to: (item: T, index: number) => U): Sliced<U[]> {
  const made: U[] = []
  yield* each(items, (item, i) => {
    made.push(to(item, i))
  })
  return made
}

/** Does the work without interruption. */
export function finish<T>(work: Sliced<T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** Does the work in slices of a few milliseconds. Between them the event loop serves requests. */
export async function inSlices<T>(work: Sliced<T>): Promise<T> {
  const turns = new Turns()
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    await turns.next()
  }
}

/** Tells when work has held the event loop for long enough, and lets the loop go on. */
export class Turns {
  #started = performance.now()

  /** Resolves at once while the turn is short, and otherwise after a turn of the event loop. */
  async next(): Promise<void> {
    if (performance.now() - this.#started < TURN) return
    await setImmediate()
    this.#started = performance.now()
  }
}
