// Follows how far the snapshots of a database see. Imports src/ only.
import type { Log } from '../../src/log.ts'
import type { Begun, Snapshot } from '../../src/query/db.ts'
import type { Clocks } from '../../src/round/round.ts'
import type { State } from '../../src/round/state.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import type { Horizon } from '../../src/samples/window-plan.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { formatMoment, later, type Moment, parseMoment } from '../../src/time/moment.ts'
import { VouchedClock } from '../../src/time/vouched-clock.ts'

export interface PastOptions {
  readonly state: State
  readonly log: Log
}

/** Milliseconds that the clock of a primary may be ahead of that of its standby. */
const SKEW = 1000

/** Says how far each snapshot of one database sees, and what it means for counters. */
export class Past {
  readonly #options: PastOptions
  readonly #horizons = new WeakMap<Snapshot, Horizon>()
  /** The collectors that have counted further than the clock of the database is. */
  readonly #ahead = new Set<CollectorStatus>()
  #clock: VouchedClock | undefined
  #databaseAhead: number | undefined
  #waitUntil: Moment | undefined
  /** The time of the last commit that a standby has replayed, where it cannot be true, even when that time has come. */
  #strange: Moment | undefined

  constructor(options: PastOptions) {
    this.#options = options
  }

  /** What the last snapshot says of the clocks; undefined before the first. */
  get clocks(): Clocks | undefined {
    if (this.#clock === undefined || this.#databaseAhead === undefined) return undefined
    const waitUntil = this.#ahead.size === 0 ? undefined : this.#waitUntil
    return { ahead: this.#databaseAhead, jumped: this.#clock.jumped, waitUntil }
  }

  /**
   * Says how far a snapshot sees in which a collector is about to run. Counters of another database, and those that are
   * too old, start from 0.
   */
  admit(status: CollectorStatus, snapshot: Snapshot): Horizon {
    const { state, log } = this.#options
    const { window, collector } = status
    const horizon = this.#horizonOf(snapshot)
    if (window?.source !== undefined && isOther(window.source, snapshot.begun.source)) {
      log.warn(
        { event: 'state', collector: collector.name },
        'counters start from 0: what they counted was another database',
      )
      status.restore(undefined)
    }
    state.expire(status, horizon.now)
    this.#compare(status, horizon.now)
    status.start(horizon)
    return horizon
  }

  #horizonOf(snapshot: Snapshot): Horizon {
    const known = this.#horizons.get(snapshot)
    if (known !== undefined) return known
    const now = parseMoment(snapshot.begun.time)
    this.#databaseAhead = Number(now) / 1000 - Date.now()
    const believed = this.#believe(now)
    const replayed = replayedTo(snapshot.begun, now)
    // A commit of a time that is yet to come was stamped by a clock that had jumped: what came after it may lack.
    if (snapshot.begun.inRecovery && replayed !== undefined && replayed > later(believed, SKEW)) {
      this.#strange = replayed
    }
    const complete = replayed === this.#strange ? undefined : replayed
    const horizon = {
      now,
      believed,
      complete: complete === undefined || complete < believed ? complete : believed,
      seen: replayed === undefined || replayed < now ? replayed : now,
    }
    this.#horizons.set(snapshot, horizon)
    return horizon
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
      const ahead = Math.round(Number(now - believed) / 1e6) * 1000
      const jump = `${formatDuration(Math.abs(ahead))} ${ahead > 0 ? 'ahead' : 'back'}`
      log.warn(
        { event: 'clock' },
        `clock of the database jumped ${jump}: counters take nothing for final that our own clock does not vouch for`,
      )
    }
    return believed
  }

  #compare(status: CollectorStatus, now: Moment): void {
    const { window, collector } = status
    if (window === undefined || window.sealedTo <= now) this.#ahead.delete(status)
    else {
      if (this.#ahead.size === 0) {
        this.#options.log.warn(
          { event: 'clock', collector: collector.name },
          `clock of the database is behind what is counted already: counters wait until ${formatMoment(window.sealedTo)}`,
        )
      }
      this.#ahead.add(status)
      this.#waitUntil = window.sealedTo
    }
  }
}

/**
 * Up to when a server has replayed what was committed: a primary up to now, and so an engine that says nothing of its
 * replay at all. A standby that has not replayed a commit since its start does not know.
 */
function replayedTo({ inRecovery, replayed, sees }: Begun, now: Moment): Moment | undefined {
  if (replayed !== null && inRecovery) return parseMoment(replayed)
  return inRecovery && sees !== null ? undefined : now
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
