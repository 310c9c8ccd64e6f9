/** How a collector did in a span of time. Of several in one span the last of this list is shown. */
export const LEVELS = ['none', 'ok', 'slow', 'rejected', 'skipped', 'failed'] as const
export type Level = (typeof LEVELS)[number]

/** The number of spans that are kept. */
export const SPANS = 60
/** Milliseconds of a span, unless a tick is longer. */
const SHORTEST = 60_000

/** One span: the worst that happened in it, and the seconds of its longest run. */
export interface Cell {
  readonly level: Level
  readonly seconds: number
}

/**
 * The last hour of a collector, or its last 60 ticks where those are longer. Spans begin at the same moments for all that
 * have the same tick, so that what happened to several at once is one column. Times are in milliseconds since 1970.
 */
export class History {
  readonly span: number
  readonly #levels = new Uint8Array(SPANS)
  readonly #seconds = new Float32Array(SPANS)
  /** The number of the newest span, counted from 1970. */
  #newest = 0

  constructor(tick: number) {
    this.span = Math.max(SHORTEST, tick)
  }

  /** Records what happened at a time. */
  add(at: number, level: Level, seconds = 0): void {
    const slot = this.#forward(at) % SPANS
    this.#levels[slot] = Math.max(this.#levels[slot] ?? 0, LEVELS.indexOf(level))
    this.#seconds[slot] = Math.max(this.#seconds[slot] ?? 0, seconds)
  }

  /** Returns the spans of several collectors together up to a time, the oldest first. */
  static together(histories: readonly History[], at: number): Cell[] {
    const [levels, seconds] = [new Uint8Array(SPANS), new Float32Array(SPANS)]
    for (const history of histories) {
      const last = history.#forward(at)
      for (let i = 0; i < SPANS; i++) {
        const slot = (last + 1 + i) % SPANS
        levels[i] = Math.max(levels[i] ?? 0, history.#levels[slot] ?? 0)
        seconds[i] = Math.max(seconds[i] ?? 0, history.#seconds[slot] ?? 0)
      }
    }
    return Array.from(levels, (level, i) => ({ level: LEVELS[level] ?? 'none', seconds: seconds[i] ?? 0 }))
  }

  /** Returns the spans up to a time, the oldest first. */
  cells(at: number): Cell[] {
    return History.together([this], at)
  }

  /** Makes the span of a time the newest, and returns its number. A clock that went back stays in the newest. */
  #forward(at: number): number {
    const number = Math.max(Math.floor(at / this.span), this.#newest)
    for (let clear = Math.max(this.#newest + 1, number - SPANS + 1); clear <= number; clear++) {
      this.#levels[clear % SPANS] = 0
      this.#seconds[clear % SPANS] = 0
    }
    this.#newest = number
    return number
  }
}

/** Runs that must have been before one can be slow compared with them, and how many times their median it takes then. */
const COMPARED = 5
const FACTOR = 3
/** Seconds that are never slow by comparison alone. */
const QUICK = 0.1

/** Whether a run took more than half of the `limit`, in milliseconds. */
export function exceedsHalf(seconds: number, limit: number): boolean {
  return seconds * 1000 > limit / 2
}

/**
 * Whether a run was slow for its collector: it took more than half of the `limit`, in milliseconds, or three times as long
 * as it usually does and more than 100 ms. `earlier` are the seconds of the runs before.
 */
export function isSlow(seconds: number, limit: number, earlier: readonly number[]): boolean {
  if (exceedsHalf(seconds, limit)) return true
  if (seconds < QUICK || earlier.length < COMPARED) return false
  const sorted = earlier.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  return seconds > FACTOR * median
}
