// Tick: starts the rounds of a database. Imports src/ only.

import type { Database } from '../src/database.ts'
import type { Log } from '../src/log.ts'
import type { Page } from '../src/page/page.ts'
import { Ticker } from '../src/tick/ticker.ts'
import { clock } from '../src/time/clock.ts'

/** What the ticks of one database go by. */
export interface TickOptions
  extends Pick<Database, 'name' | 'db' | 'collectors' | 'state' | 'leader' | 'round'> {
  readonly page: Page
  /** Milliseconds of a tick. */
  readonly tick: number
  /** The number of the database among all, from 0, and how many there are. */
  readonly place: number
  readonly databases: number
  readonly log: Log
}

/** Starts a round at each tick, METRICS_TICK_DURATION apart; with LEADER_ELECTION while this replica leads. */
export function openTicker(options: TickOptions): Ticker {
  const { name, db, collectors, state, leader, round, page, tick: length, place, databases, log } = options
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
    running: () => round.progress !== undefined,
    run: (tick) => void round.run(tick),
    watch(signal) {
      db.forgetCurrent()
      void db.vote(signal)
    },
    settled: () => round.settled(),
  })
  ticker.on('tick', (outcome) => {
    if (outcome !== 'skipped') return
    for (const status of collectors.list) {
      if (status.ticksUntilDue(ticker.tick) === 0) status.history.add(clock.date(), 'skipped')
    }
    log.warn({ event: 'skipped' }, 'tick skipped: the previous round is still running')
  })
  return ticker
}
