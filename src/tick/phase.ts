/**
 * Returns how many ticks after the start the first tick comes. A single database gets a random moment of the second half
 * of a tick. Several databases share the tick that begins half a tick after the start: each gets a part of its own, and a
 * random moment of that. `place` is the number of the database among `databases`, from 0; `chance` is from 0 to 1.
 */
export function firstWait(place: number, databases: number, chance: number): number {
  return 0.5 + (databases === 1 ? chance / 2 : (place + chance) / databases)
}

/** The part of a tick by which one may be late and still be in phase. */
const LATE = 0.05

/**
 * Returns the milliseconds to the next tick when the one at `now` is out of phase, and undefined when it is in phase. The
 * phase is `first` and every `tick` milliseconds after it. When a process was frozen, the ticks of all its databases come
 * at once, and timers that repeat would keep them together for ever.
 */
export function outOfPhase(first: number, tick: number, now: number): number | undefined {
  const late = (now - first) % tick
  if (late < tick * LATE) return undefined
  // A tick that is nearly due is left out, so that no two come together.
  return late > tick / 2 ? 2 * tick - late : tick - late
}
