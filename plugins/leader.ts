import fp from 'fastify-plugin'
import { pause, within } from '../src/deadline.ts'
import { Candidate } from '../src/election.ts'
import { describeError } from '../src/error.ts'
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
  follow(listener: { gained(): void; lost(): void }): void
  /** How often it was gained: what was begun in one term is not for the next to publish. */
  readonly term: number
  /** Whether it is still led: asked now. */
  confirm(): Promise<boolean>
  /** Databases that it is about to lead count as led, where they are shared out. */
  readonly taking: boolean
}

/** Looks at the lock in one lease. */
const LOOKS = 4

/** Agrees with other replicas, through a lock of the database itself, on the one that collects it. */
export default fp(
  async (app) => {
    const { LEADER_ELECTION: elects, METRICS_TICK_DURATION: tick } = app.config
    if (!elects) {
      app.decorate('leader', {
        until: Number.POSITIVE_INFINITY,
        taking: false,
        term: 1,
        follow: ({ gained }) => gained(),
        confirm: async () => true,
      })
      return
    }

    const stopping = new AbortController()
    // Another one takes over when it has ended: within a tick.
    const lease = tick / 2
    const candidate = new Candidate(lease)
    let lock: Lock | undefined
    let taking = false
    let leading = false
    let term = 0
    let failing = false
    let listener = { gained() {}, lost() {} }
    let expiry: NodeJS.Timeout | undefined
    let followed: Promise<void> | undefined
    let looking: Promise<void> | undefined

    /** Tells of what has changed, and looks again when the lease ends. */
    function tell(): void {
      clearTimeout(expiry)
      const left = candidate.until - performance.now()
      if (left > 0) expiry = setTimeout(tell, left + 1)
      if (left > 0 === leading) return
      leading = left > 0
      app.log.info(leading ? 'this replica leads' : 'this replica does not lead any more')
      if (leading) {
        term++
        listener.gained()
      } else listener.lost()
    }

    async function look(): Promise<void> {
      const timely = <T>(work: Promise<T>) => within(lease, stopping.signal, work)
      try {
        lock ??= await timely(Lock.open(app, lease, stopping.signal))
        const asked = performance.now()
        const view = await timely(lock.look())
        const held = app.databases.filter(
          ({ leader }) => leader.taking || leader.until > performance.now(),
        ).length
        const step = candidate.look(view, asked, { held, databases: app.databases.length })
        if (step === 'take') {
          taking = true
          const started = performance.now()
          if (await timely(lock.take())) candidate.taken(started)
        } else if (step === 'release') {
          // Shown no more before another can begin.
          candidate.released(performance.now())
          tell()
          await timely(lock.release())
        }
        if (failing) app.log.info('the lock of the leader can be asked for again')
        failing = false
      } catch (error) {
        lock?.destroy(error)
        lock = undefined
        if (stopping.signal.aborted) return
        if (!failing) app.log.warn(`the lock of the leader cannot be asked for: ${describeError(error)}`)
        failing = true
      } finally {
        taking = false
        tell()
      }
    }

    /** One look at a time: who asks while one is under way gets a look of its own after it. */
    async function lookNext(): Promise<void> {
      await looking
      looking ??= look().finally(() => {
        looking = undefined
      })
      await looking
    }

    async function follow(): Promise<void> {
      while (!stopping.signal.aborted) {
        await lookNext()
        await pause((lease / LOOKS) * (0.5 + Math.random()), stopping.signal)
      }
    }

    app.decorate('leader', {
      get until() {
        return candidate.until
      },
      get taking() {
        return taking
      },
      get term() {
        return term
      },
      follow(told) {
        listener = told
        followed = follow()
      },
      async confirm() {
        await lookNext()
        return candidate.until > performance.now()
      },
    })
    app.addHook('onClose', async () => {
      stopping.abort(new Error('the service is stopping'))
      clearTimeout(expiry)
      await followed
      // Its end frees the lock.
      await lock?.close()
    })
  },
  { name: 'leader', dependencies: ['config', 'db'] },
)
