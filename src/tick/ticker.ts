/** What a schedule has done, and what it asks before. */
export interface Work {
  /** Whether it is for this replica to do. */
  leads(): boolean
  /** Whether a round is running. */
  running(): boolean
  /** Starts the round of a tick. */
  run(tick: number): void
  /** Told of a tick at which the round before was still running. */
  skip(): void
  /** Told of a tick whose round is for another replica: this one still says which endpoints answer it. */
  watch(): void
  /** Resolves when no round is running. */
  settled(): Promise<void>
}

/** What each tick of one database comes to. */
export class Schedule {
  readonly #work: Work
  #tick = 0

  constructor(work: Work) {
    this.#work = work
  }

  /** The number of the last tick: 0 is the first round. */
  get tick(): number {
    return this.#tick
  }

  /** The next tick has come. */
  advance(): void {
    this.#tick++
    this.collect()
  }

  /** Starts a round, unless that is for another replica to do. */
  collect(): void {
    if (!this.#work.leads()) this.#work.watch()
    else if (this.#work.running()) this.#work.skip()
    else this.#work.run(this.#tick)
  }

  /** Starts a round as soon as there can be one: this replica leads from now on. */
  gained(): void {
    // One of an earlier term may still run, and publishes nothing.
    if (!this.#work.running()) this.collect()
    else void this.#work.settled().then(() => this.collect())
  }
}

/**
 * How many ticks after the first round the second tick comes: by chance within the last half, or where there are many
 * databases, within a part of its own of the tick after the first half of one. `place` is that of the database among
 * `databases`, and `chance` is by chance, both from 0 to 1.
 */
export function firstWait(place: number, databases: number, chance: number): number {
  return 0.5 + (databases === 1 ? chance / 2 : place + chance / databases)
}

/** Of a tick: how late one may come before the next is put back in its place. */
const LATE = 0.05

/**
 * Milliseconds to the next tick, where the ticks have come out of their places, which are `first` and every `tick`
 * milliseconds after it; undefined where this one, at `now`, is in its own. What freezes the process has the ticks of
 * all databases come at once when it goes on, and a timer that repeats would leave them in step for ever.
 */
export function outOfPlace(first: number, tick: number, now: number): number | undefined {
  const late = (now - first) % tick
  if (late < tick * LATE) return undefined
  // Not two at once, either.
  return late > tick / 2 ? 2 * tick - late : tick - late
}
