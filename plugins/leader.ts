import fp from 'fastify-plugin'
import { Leadership } from '../src/leader/leadership.ts'
import type { Listener } from '../src/leader/lease.ts'
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
   * The moment of the monotonic clock, in milliseconds, up to which no other replica collects it; infinity without
   * LEADER_ELECTION, and a moment of the past when this replica does not lead.
   */
  readonly trustedUntil: number
  /** Asks for the lock as long as the service runs, and tells each time that the lead is gained or lost. */
  follow(listener: Listener): void
  /** How many times the lead was gained. A round that began in one term is not published in the next. */
  readonly term: number
  /** Asks the server now, and resolves to whether this replica leads. */
  confirm(): Promise<boolean>
}

/** Agrees with other replicas, through a lock of the database itself, on the one that collects it. */
export default fp(
  async (app) => {
    const { LEADER_ELECTION: elects, METRICS_TICK_DURATION: tick } = app.config
    if (!elects) {
      app.decorate('leader', {
        trustedUntil: Number.POSITIVE_INFINITY,
        term: 1,
        follow: ({ gained }) => gained(),
        confirm: async () => true,
      })
      return
    }

    // Another replica takes over when the lease has ended, which is within a tick.
    const lease = tick / 2
    const leadership = new Leadership({
      clock,
      lease,
      open: (signal) => Lock.open(app, lease, signal),
      databases: app.config.DATABASE_URL.length,
      led: app.led,
      chance: Math.random,
      log: app.log,
    })
    app.decorate('leader', {
      get trustedUntil() {
        return leadership.trustedUntil
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
