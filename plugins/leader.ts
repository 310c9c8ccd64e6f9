import fp from 'fastify-plugin'
import { Leadership, type Listener } from '../src/leader/leadership.ts'
import { clock } from '../src/time/clock.ts'
import { Lock } from './leader/lock.ts'

declare module 'fastify' {
  interface FastifyInstance {
    leader: Leader
  }
}

/** Whether this replica is the one that collects a database. */
export interface Leader {
  /**
   * The moment of the monotonic clock, in milliseconds, up to which no other replica does; for ever without
   * LEADER_ELECTION, of the past when this one does not.
   */
  readonly until: number
  /** Asks for the lock as long as the service runs, and tells each time that it is gained or lost. */
  follow(listener: Listener): void
  /** How often it was gained: what was begun in one term is not for the next to publish. */
  readonly term: number
  /** Whether it is still led: asked now. */
  confirm(): Promise<boolean>
}

/** Agrees with other replicas, through a lock of the database itself, on the one that collects it. */
export default fp(
  async (app) => {
    const { LEADER_ELECTION: elects, METRICS_TICK_DURATION: tick } = app.config
    if (!elects) {
      app.decorate('leader', {
        until: Number.POSITIVE_INFINITY,
        term: 1,
        follow: ({ gained }) => gained(),
        confirm: async () => true,
      })
      return
    }

    // Another replica takes over when it has ended: within a tick.
    const lease = tick / 2
    const leadership = new Leadership({
      clock,
      lease,
      open: (signal) => Lock.open(app, lease, signal),
      databases: app.config.DATABASE_URL.length,
      tally: app.led,
      chance: Math.random,
      log: app.log,
    })
    app.decorate('leader', {
      get until() {
        return leadership.until
      },
      get term() {
        return leadership.term
      },
      follow: (listener) => leadership.follow(listener),
      confirm: () => leadership.confirm(),
    })
    app.addHook('onClose', () => leadership.stop())
  },
  { name: 'leader', dependencies: ['config', 'db'] },
)
