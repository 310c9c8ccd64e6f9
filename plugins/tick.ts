import fp from 'fastify-plugin'
import { Ticker } from '../src/tick/ticker.ts'
import { clock } from '../src/time/clock.ts'
import { within } from '../src/time/deadline.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** When the rounds of the database start. Its `start` waits for the quorum, and shows zeros before the first round. */
    ticker: Ticker
  }
}

/** Milliseconds that a running round has to end when the service stops. */
const GRACE = 10_000

/** Starts a round at each tick, METRICS_TICK_DURATION apart; with LEADER_ELECTION while this replica leads. */
export default fp(
  async (app) => {
    const { db, collectors, leader, page, round, database } = app
    const ticker = new Ticker({
      clock,
      length: app.config.METRICS_TICK_DURATION,
      place: Math.round(database.place * app.config.DATABASE_URL.length),
      databases: app.config.DATABASE_URL.length,
      chance: Math.random,
      ready: (signal) => db.waitForQuorum(signal),
      started: () =>
        leader.follow({
          gained() {
            page.seed(database.name, collectors.list)
            ticker.gained()
          },
          lost: () => page.forget(database.name, collectors.list),
        }),
      leads: () => leader.trustedUntil > clock.now(),
      running: () => round.progress !== undefined,
      run: (tick) => void round.run(tick),
      watch: (signal) => void db.vote(signal, true),
      settled: () => round.settled(),
    })
    ticker.on('tick', (outcome) => {
      if (outcome !== 'skipped') return
      page.skipTick(database.name)
      app.log.warn('a tick is skipped, for the round before is still running')
    })
    app.decorate('ticker', ticker)

    app.addHook('preClose', async () => {
      ticker.stop()
      await within(round.settled(), { ms: GRACE }).catch(() =>
        app.log.warn('the running round does not end: its queries are cancelled'),
      )
      round.cancel()
      await round.settled()
    })
  },
  { name: 'scheduler', dependencies: ['config', 'db', 'collectors', 'leader', 'page', 'round'] },
)
