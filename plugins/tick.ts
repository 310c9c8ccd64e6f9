import fastifySchedule from '@fastify/schedule'
import fp from 'fastify-plugin'
import { SimpleIntervalJob, Task } from 'toad-scheduler'
import { firstWait, outOfPlace, Schedule } from '../src/tick/ticker.ts'
import { pause, within } from '../src/time/deadline.ts'

declare module 'fastify' {
  interface FastifyInstance {
    ticker: Ticker
  }
}

export interface Ticker {
  /** The number of the last tick: 0 is the first round. */
  readonly tick: number
  /** When the next tick is, in milliseconds since 1970; undefined before the first round. */
  readonly nextTickAt: number | undefined
  /**
   * Waits for the quorum of the database, shows zeros, starts the first round and then one at every tick; with
   * LEADER_ELECTION as long as this replica leads, from when it does. The second tick comes half a tick to a tick later,
   * by chance, so that services that start together do not go on in step; those of several databases are spread over a
   * tick.
   * Resolves when the first round has started, or when the service stops before that. Rejects when the wait is given up.
   */
  start(): Promise<void>
}

const JOB = 'tick'
/** Milliseconds that a running round has to end when the service stops. */
const GRACE = 10_000

/**
 * Milliseconds between the starts of two databases: about what the first connections and the first round of one take of
 * the process, which a thousand at once would hold up, and their servers with it.
 */
const PACE = 10

/** A tick starts a round, METRICS_TICK_DURATION apart. */
export default fp(
  async (app) => {
    await app.register(fastifySchedule)
    const stopping = new AbortController()
    let nextTickAt: number | undefined
    let phase: NodeJS.Timeout | undefined
    const schedule = new Schedule({
      leads: () => app.leader.trustedUntil > performance.now(),
      running: () => app.round.progress !== undefined,
      run: (tick) => void app.round.run(tick),
      skip() {
        app.page.skipTick(app.database.name)
        app.log.warn('a tick is skipped, for the round before is still running')
      },
      watch: () => void app.db.vote(stopping.signal, true),
      settled: () => app.round.settled(),
    })

    const milliseconds = app.config.METRICS_TICK_DURATION
    /** When the second tick was to come, by the monotonic clock. */
    let first = 0

    /** Has a tick come after so many milliseconds, and then one every tick. */
    function tickAfter(wait: number): void {
      job.stop()
      phase = setTimeout(() => {
        if (app.scheduler.existsById(JOB)) job.start()
        else app.scheduler.addSimpleIntervalJob(job)
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

    app.decorate('ticker', {
      get tick() {
        return schedule.tick
      },
      get nextTickAt() {
        return nextTickAt
      },
      async start() {
        const place = Math.round(app.database.place * app.databases.length)
        if (place > 0) await pause(place * PACE, stopping.signal)
        await app.db.waitForQuorum(stopping.signal)
        if (stopping.signal.aborted) return
        const wait = milliseconds * firstWait(app.database.place, app.databases.length, Math.random())
        first = performance.now() + wait
        tickAfter(wait)
        app.leader.follow({
          gained() {
            app.page.seed(app.database.name, app.collectors.list)
            schedule.gained()
          },
          lost() {
            app.page.forget(app.database.name, app.collectors.list)
          },
        })
      },
    })

    app.addHook('preClose', async () => {
      stopping.abort(new Error('the service is stopping'))
      clearTimeout(phase)
      app.scheduler.removeById(JOB)
      const ended = within(app.round.settled(), { ms: GRACE })
      await ended.catch(() => app.log.warn('the running round does not end: its queries are cancelled'))
      app.round.cancel()
      await app.round.settled()
    })
  },
  { name: 'scheduler', dependencies: ['config', 'db', 'collectors', 'leader', 'page', 'round'] },
)
