import fastifySchedule from '@fastify/schedule'
import fp from 'fastify-plugin'
import { SimpleIntervalJob, Task } from 'toad-scheduler'
import { within } from '../src/deadline.ts'

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
   * LEADER_ELECTION as long as this replica leads, from when it does. The second
   * tick comes half a tick to a tick later, by chance, so that services that start together do not go on in step; those
   * of several databases are spread over a tick.
   * Resolves when the first round has started, or when the service stops before that. Rejects when the wait is given up.
   */
  start(): Promise<void>
}

/**
 * How many ticks after the first round the second tick comes: by chance within the last half, or where there are many
 * databases, within a part of its own of the tick after the first half of one.
 */
function firstWait(place: number, databases: number, chance: number): number {
  return 0.5 + (databases === 1 ? chance / 2 : place + chance / databases)
}

const JOB = 'tick'
/** Milliseconds that a running round has to end when the service stops. */
const GRACE = 10_000

/** A tick starts a round, METRICS_TICK_DURATION apart. */
export default fp(
  async (app) => {
    await app.register(fastifySchedule)
    const stopping = new AbortController()
    let tick = 0
    let nextTickAt: number | undefined
    let phase: NodeJS.Timeout | undefined

    function onTick(next: number): void {
      nextTickAt = Date.now() + next
      collect()
    }

    /** Starts a round, unless that is for another replica to do. */
    function collect(): void {
      if (app.leader.until <= performance.now()) return
      if (app.round.progress !== undefined) {
        app.page.skipTick(app.database.name)
        app.log.warn('a tick is skipped, for the round before is still running')
        return
      }
      void app.round.run(tick)
    }

    app.decorate('ticker', {
      get tick() {
        return tick
      },
      get nextTickAt() {
        return nextTickAt
      },
      async start() {
        await app.db.waitForQuorum(stopping.signal)
        if (stopping.signal.aborted) return
        const milliseconds = app.config.METRICS_TICK_DURATION
        const task = new Task(JOB, () => {
          tick++
          onTick(milliseconds)
        })
        // Overruns are ours to see: the scheduler would leave them out without a word.
        const interval = { milliseconds, runImmediately: true }
        const job = new SimpleIntervalJob(interval, task, { id: JOB, preventOverrun: false })
        const wait = milliseconds * firstWait(app.database.place, app.databases.length, Math.random())
        phase = setTimeout(() => app.scheduler.addSimpleIntervalJob(job), wait)
        nextTickAt = Date.now() + wait
        app.leader.follow({
          gained() {
            app.page.seed(app.collectors.list)
            // One of an earlier term may still run, and publishes nothing.
            if (app.round.progress === undefined) collect()
            else void app.round.settled().then(collect)
          },
          lost() {
            for (const status of app.collectors.list) status.reset()
            app.page.forget()
          },
        })
      },
    })

    app.addHook('preClose', async () => {
      stopping.abort(new Error('the service is stopping'))
      clearTimeout(phase)
      app.scheduler.removeById(JOB)
      const ended = within(GRACE, new AbortController().signal, app.round.settled())
      await ended.catch(() => app.log.warn('the running round does not end: its queries are cancelled'))
      app.round.cancel()
      await app.round.settled()
    })
  },
  { name: 'scheduler', dependencies: ['config', 'db', 'collectors', 'leader', 'page', 'round'] },
)
