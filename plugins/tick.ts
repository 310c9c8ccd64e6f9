import type { FastifyBaseLogger } from 'fastify'
import { SimpleIntervalJob, Task, ToadScheduler } from 'toad-scheduler'
import type { Database } from '../src/database.ts'
import type { Page } from '../src/page/page.ts'
import { firstWait, outOfPlace, Schedule } from '../src/tick/ticker.ts'
import type { Ticks } from '../src/tick/ticks.ts'
import { pause, within } from '../src/time/deadline.ts'

const JOB = 'tick'
/** Milliseconds that a running round has to end when the service stops. */
const GRACE = 10_000

/**
 * Milliseconds between the starts of two databases: about what the first connections and the first round of one take of
 * the process, which a thousand at once would hold up, and their servers with it.
 */
const PACE = 10

/** What the ticks of one database go by. */
export interface TickOptions extends Pick<Database, 'name' | 'db' | 'collectors' | 'leader' | 'round'> {
  readonly page: Page
  /** Milliseconds of a tick. */
  readonly tick: number
  /** The number of the database among how many, from 0. */
  readonly index: number
  readonly databases: number
  readonly log: FastifyBaseLogger
}

/** A tick starts a round, METRICS_TICK_DURATION apart. */
export function openTicker(options: TickOptions): Ticks {
  const { name, db, collectors, leader, round, page, tick: milliseconds, index, databases, log } = options
  const scheduler = new ToadScheduler()
  const place = index / databases
  const stopping = new AbortController()
  let nextTickAt: number | undefined
  let skipped = 0
  let phase: NodeJS.Timeout | undefined
  const schedule = new Schedule({
    leads: () => leader.until > performance.now(),
    running: () => round.progress !== undefined,
    run: (tick) => void round.run(tick),
    skip() {
      skipped++
      log.warn('a tick is skipped, for the round before is still running')
    },
    watch() {
      db.forgetCurrent()
      void db.vote(stopping.signal)
    },
    settled: () => round.settled(),
  })

  /** When the second tick was to come, by the monotonic clock. */
  let first = 0

  /** Has a tick come after so many milliseconds, and then one every tick. */
  function tickAfter(wait: number): void {
    job.stop()
    phase = setTimeout(() => {
      if (scheduler.existsById(JOB)) job.start()
      else scheduler.addSimpleIntervalJob(job)
    }, wait)
    nextTickAt = Date.now() + wait
  }

  const task = new Task(JOB, () => {
    const wait = outOfPlace(first, milliseconds, performance.now())
    if (wait === undefined) nextTickAt = Date.now() + milliseconds
    else tickAfter(wait)
    schedule.advance()
  })
  // Overruns are ours to see: the scheduler would leave them out without a word.
  const job = new SimpleIntervalJob({ milliseconds, runImmediately: true }, task, {
    id: JOB,
    preventOverrun: false,
  })

  return {
    duration: milliseconds,
    get skipped() {
      return skipped
    },
    get tick() {
      return schedule.tick
    },
    get nextTickAt() {
      return nextTickAt
    },
    async start() {
      if (index > 0) await pause(index * PACE, stopping.signal)
      await db.waitForQuorum(stopping.signal)
      if (stopping.signal.aborted) return
      const wait = milliseconds * firstWait(place, databases, Math.random())
      first = performance.now() + wait
      tickAfter(wait)
      leader.follow({
        gained() {
          page.seed(collectors.list)
          schedule.gained()
        },
        lost() {
          page.forget(name, collectors.list)
        },
      })
    },
    async stop() {
      stopping.abort(new Error('the service is stopping'))
      clearTimeout(phase)
      scheduler.stop()
      const ended = within(GRACE, new AbortController().signal, round.settled())
      await ended.catch(() => log.warn('the running round does not end: its queries are cancelled'))
      round.cancel()
      await round.settled()
    },
  }
}
