// Tick: starts the rounds of a database. Imports src/ only.
import type { Database } from '../src/database.ts'
import type { Log } from '../src/log.ts'
import type { Page } from '../src/page/page.ts'
import type { Pausing } from '../src/tick/pausing.ts'
import { Skips } from '../src/tick/skips.ts'
import { Ticker } from '../src/tick/ticker.ts'
import { clock } from '../src/time/clock.ts'

/** What the ticks of one database go by. */
export interface TickOptions
  extends Pick<Database, 'name' | 'db' | 'collectors' | 'state' | 'leader' | 'round'> {
  readonly page: Page
  readonly pausing: Pausing
  /** Milliseconds of a tick. */
  readonly tick: number
  /** The number of the database among all, from 0, and how many there are. */
  readonly place: number
  readonly databases: number
  readonly log: Log
}

/** Starts a round at each tick, METRICS_TICK_DURATION apart; with LEADER_ELECTION while this replica leads. */
export function openTicker(options: TickOptions): Ticker {
  const {
    name,
    db,
    collectors,
    state,
    leader,
    round,
    page,
    pausing,
    tick: length,
    place,
    databases,
    log,
  } = options
  const ticker = new Ticker({
    clock,
    length,
    place,
    databases,
    chance: Math.random,
    ready: (signal) => db.waitForQuorum(signal),
    started: () =>
      leader.follow({
        prepare: () => round.prepare(),
        gained() {
          // Counters that another replica or process has shown begin with what that showed.
          page.seed(collectors.list.filter((status) => state.hindrance(status) === undefined))
          ticker.gained()
        },
        lost() {
          state.end()
          page.forget(name, collectors.list)
        },
      }),
    leads: () => leader.trustedUntil > clock.now(),
    paused: () => pausing.since !== undefined,
    running: () => round.progress !== undefined,
    run: (tick) => void round.run(tick),
    watch(signal) {
      db.forgetCurrent()
      void db.vote(signal)
    },
    settled: () => round.settled(),
  })
  const skips = new Skips(log)
  ticker.on('tick', (outcome) => {
    if (outcome !== 'skipped') {
      const ticks = collectors.list.map(({ interval, backoffTicks }) =>
        Math.max(Math.ceil(interval / length), backoffTicks),
      )
      skips.kept(clock.now(), Math.max(1, ...ticks))
      return
    }
    for (const status of collectors.list) {
      if (status.ticksUntilDue(ticker.tick) === 0) status.history.add(clock.date(), 'skipped')
    }
    skips.skipped(clock.now(), round.progress?.running ?? [])
  })
  return ticker
}
