// Follows how far the snapshots of a database see. Imports src/ only.
import type { FastifyBaseLogger } from 'fastify'
import type { Begun } from '../../src/query/db.ts'
import type { State } from '../../src/round/state.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import type { Horizon } from '../../src/samples/window-plan.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { formatMoment, type Moment, parseMoment } from '../../src/time/moment.ts'
import { VouchedClock } from '../../src/time/vouched-clock.ts'

export interface PastOptions {
  readonly state: State
  readonly log: FastifyBaseLogger
}

/** Says how far each snapshot of one database sees, and what it means for counters. */
export class Past {
  readonly #options: PastOptions
  #clock: VouchedClock | undefined
  #behind = false

  constructor(options: PastOptions) {
    this.#options = options
  }

  /** Takes a snapshot in which these collectors will run. Counters of another database, and those too old, start anew. */
  look({ time, inRecovery, replayed, source }: Begun, due: readonly CollectorStatus[]): Horizon {
    const now = parseMoment(time)
    for (const status of due) this.#admit(status, source)
    const believed = this.#believe(now)
    this.#compare(now, due)
    const complete = inRecovery ? (replayed === null ? undefined : parseMoment(replayed)) : now
    return { now, complete: complete === undefined || complete < believed ? complete : believed }
  }

  #admit(status: CollectorStatus, source: string): void {
    const { state, log } = this.#options
    const { window, collector } = status
    if (window?.source !== undefined && isOther(window.source, source)) {
      log.warn({ collector: collector.name }, 'counters start from 0: what they counted was another database')
      status.restore(undefined)
    }
    state.expire(status)
  }

  #believe(now: Moment): Moment {
    const { state, log } = this.#options
    const at = performance.now()
    if (this.#clock === undefined) {
      this.#clock = new VouchedClock()
      if (state.last !== undefined) this.#clock.continue(state.last.moment, state.last.elapsed, at)
    }
    const { jumped } = this.#clock
    const believed = this.#clock.check(now, at)
    if (this.#clock.jumped && !jumped) {
      const ahead = Math.round(Number(now - believed) / 1000)
      const jump = `${formatDuration(Math.abs(ahead))} ${ahead > 0 ? 'ahead' : 'back'}`
      log.warn(
        `clock of the database jumped ${jump}: counters take nothing for final that our own clock does not vouch for`,
      )
    }
    return believed
  }

  #compare(now: Moment, due: readonly CollectorStatus[]): void {
    const ends = due.flatMap(({ window }) => window?.sealedTo ?? [])
    const end = ends.reduce((last, end) => (end > last ? end : last), now)
    if (end > now && !this.#behind) {
      this.#options.log.warn(
        `clock of the database is behind what is counted already: counters wait until ${formatMoment(end)}`,
      )
    }
    this.#behind = end > now
  }
}

/** Whether two sources are different databases. One whose system identifier cannot be read is told by its name. */
function isOther(a: string, b: string): boolean {
  const [[system, name], [otherSystem, otherName]] = [parts(a), parts(b)]
  return name !== otherName || (system !== '' && otherSystem !== '' && system !== otherSystem)
}

function parts(source: string): [system: string, name: string] {
  const at = source.indexOf('/')
  return [source.slice(0, at), source.slice(at + 1)]
}
