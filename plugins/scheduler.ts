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
  /** When the last tick was, in milliseconds since 1970; undefined before the first round. */
  readonly tickedAt: number | undefined
  /**
   * Waits for the quorum of the database, shows zeros, starts the first round and then one at every tick. Resolves
   * when the first round has started, or when the service stops before that. Rejects when the wait is given up.
   */
  start(): Promise<void>
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
    let tickedAt: number | undefined

    function onTick(): void {
      tickedAt = Date.now()
      if (app.round.running) {
        app.page.skipTick()
        app.log.warn('a tick is skipped, for the round before is still running')
        return
      }
      void app.round.run(tick)
    }

    app.decorate('ticker', {
      get tick() {
        return tick
      },
      get tickedAt() {
        return tickedAt
      },
      async start() {
        await app.db.waitForQuorum(stopping.signal)
        if (stopping.signal.aborted) return
        app.page.seed()
        const task = new Task(JOB, () => {
          tick++
          onTick()
        })
        // Overruns are ours to see: the scheduler would leave them out without a word.
        const interval = { milliseconds: app.config.METRICS_TICK_DURATION }
        app.scheduler.addSimpleIntervalJob(
          new SimpleIntervalJob(interval, task, { id: JOB, preventOverrun: false }),
        )
        onTick()
      },
    })

    app.addHook('preClose', async () => {
      stopping.abort(new Error('the service is stopping'))
      app.scheduler.removeById(JOB)
      const ended = within(GRACE, new AbortController().signal, app.round.settled())
      await ended.catch(() => app.log.warn('the running round does not end: its queries are cancelled'))
      app.round.cancel()
      await app.round.settled()
    })
  },
  { name: 'scheduler', dependencies: ['config', 'db', 'page', 'round'] },
)
