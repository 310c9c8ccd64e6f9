import type { Replica } from './replica.ts'
import type { Scheduled } from './schedule.ts'
import type { Stage } from './stage.ts'

/** What befell somebody. */
export interface Blow {
  readonly whom: string
  /** The replicas that may not answer Prometheus meanwhile. */
  readonly unanswered?: readonly Replica[]
  /** Ends it. Resolves when all is well again. */
  heal(): Promise<unknown>
}

/** What may befall the service and what it depends on. */
export interface Fault extends Scheduled {
  readonly lane: 'one at a time' | 'beside'
  /** Begins it; `choice` is a number from 0 to 1. Resolves when it has begun. */
  befall(stage: Stage, choice: number): Promise<Blow>
  /** Whether it is rehearsed when there is little time. */
  readonly short?: true
  /** The alerts that have to fire before it is over, and those that may. */
  readonly must?: readonly string[]
  readonly may?: readonly string[]
  /** Whether nobody watches meanwhile, so that no alert has to fire. */
  readonly blinds?: true
  /** Seconds for which a gauge may be older, beside what it may be without any fault. */
  readonly delays?: number
}
