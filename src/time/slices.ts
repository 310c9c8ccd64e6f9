import { setImmediate } from 'node:timers/promises'

/** Work that can be interrupted wherever it yields. */
export type Sliced<T> = Generator<void, T>

/** Steps of a loop between two yields. */
const SLICE = 256
/** Milliseconds of work after which others have their turn. */
const TURN = 4

/** Does something with each item. */
export function* each<T>(items: Iterable<T>, visit: (item: T, index: number) => void): Sliced<void> {
  let i = 0
  for (const item of items) {
    visit(item, i++)
    if (i % SLICE === 0) yield
  }
}

/** What `to` makes of each item. */
export function* map<T, U>(items: Iterable<T>, to: (item: T, index: number) => U): Sliced<U[]> {
  const made: U[] = []
  yield* each(items, (item, i) => {
    made.push(to(item, i))
  })
  return made
}

/** Does the work in one go. */
export function finish<T>(work: Sliced<T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** Does the work in slices of a few milliseconds, between which the event loop serves whoever waits. */
export async function inSlices<T>(work: Sliced<T>): Promise<T> {
  const turns = new Turns()
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    await turns.next()
  }
}

/** Gives the event loop away when a turn has taken too long. */
export class Turns {
  #started = performance.now()

  async next(): Promise<void> {
    if (performance.now() - this.#started < TURN) return
    await setImmediate()
    this.#started = performance.now()
  }
}
