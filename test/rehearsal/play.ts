import { setTimeout as delay } from 'node:timers/promises'
import { answered } from '../cluster/session.ts'
import type { Fault } from './fault.ts'
import type { Step } from './schedule.ts'
import type { Stage } from './stage.ts'

/** Milliseconds until all has to be well again after a fault. */
const PATIENCE = 240_000

/** What befell whom, and when, in seconds since 1970. */
export interface Event {
  readonly fault: Fault
  readonly whom: string
  /** The targets of Prometheus that may not have answered meanwhile. */
  readonly unanswered: readonly string[]
  readonly from: number
  /** When it was ended. */
  readonly healed: number
  /** When all was well again. */
  readonly until: number
}

const now = () => Date.now() / 1000
const until = (moment: number) => delay(Math.max(0, moment - now()) * 1000)

/** Plays a lane of a schedule from this moment on, and calls `tell` after each fault. Rejects when it cannot be ended. */
export async function play(
  stage: Stage,
  steps: readonly Step<Fault>[],
  tell: (event: Event) => void,
): Promise<void> {
  const start = now()
  for (const { fault, at, choice } of steps) {
    await until(start + at)
    const from = now()
    const {
      whom,
      unanswered = [],
      heal,
    } = await inTime(fault.befall(stage, choice), `${fault.name}: it did not come`)
    await until(from + fault.lasts)
    const healed = now()
    await inTime(heal(), `${fault.name} (${whom}): it did not end`)
    const targets = unanswered.map(({ web }) => web.endpoint)
    tell({ fault, whom, unanswered: targets, from, healed, until: now() })
  }
}

async function inTime<T>(work: Promise<T>, otherwise: string): Promise<T> {
  try {
    return await answered(work, PATIENCE)
  } catch (cause) {
    throw new Error(otherwise, { cause })
  }
}
