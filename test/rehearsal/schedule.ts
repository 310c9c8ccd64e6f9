import { chance } from '../chance.ts'

/** What a schedule needs to know of a fault. */
export interface Scheduled {
  readonly name: string
  /** Faults of one lane come one after another; those of two lanes may meet. */
  readonly lane: string
  /** Seconds that it lasts. */
  readonly lasts: number
  /** Seconds that it takes until all is well again. */
  readonly heals: number
}

/** One fault of a schedule. */
export interface Step<Fault> {
  readonly fault: Fault
  /** Seconds from the beginning before which it does not come. */
  readonly at: number
  /** A number from 0 to 1 that chooses whom it befalls. */
  readonly choice: number
}

/** Seconds in which nothing new comes, at least and at most. */
const CALM = { least: 1, most: 4 }

/**
 * The steps of each lane, in a number of seconds: each fault comes once before any comes twice, in an order and to somebody that
 * the seed chooses. A fault that would not be over in time is left out.
 */
export function scheduleOf<Fault extends Scheduled>(
  seed: number,
  seconds: number,
  faults: readonly Fault[],
): ReadonlyMap<string, readonly Step<Fault>[]> {
  const random = chance(seed)
  const lanes = [...new Set(faults.map(({ lane }) => lane))]
  return new Map(
    lanes.map((lane) => [
      lane,
      laneOf(
        random,
        seconds,
        faults.filter((fault) => fault.lane === lane),
      ),
    ]),
  )
}

function laneOf<Fault extends Scheduled>(
  random: () => number,
  seconds: number,
  faults: readonly Fault[],
): Step<Fault>[] {
  const steps: Step<Fault>[] = []
  let at = 0
  let left: Fault[] = []
  for (;;) {
    if (left.length === 0) left = [...faults]
    const calm = CALM.least + random() * (CALM.most - CALM.least)
    const fits = left.filter(({ lasts, heals }) => at + calm + lasts + heals <= seconds)
    const fault = fits[Math.floor(random() * fits.length)]
    if (fault === undefined) return steps
    left = left.filter((other) => other !== fault)
    steps.push({ fault, at: at + calm, choice: random() })
    at += calm + fault.lasts + fault.heals
  }
}
