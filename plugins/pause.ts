// Pause: takes the load off the databases. Imports src/ only.
import fp from 'fastify-plugin'
import { Pausing } from '../src/tick/pausing.ts'
import { formatSeconds } from '../src/time/age.ts'

declare module 'fastify' {
  interface FastifyInstance {
    pausing: Pausing
    /** Since when collection is paused, in milliseconds since 1970; undefined while it is not. */
    readonly paused: number | undefined
    /** Ends the queries that run, and sends no more. Resolves when none runs. */
    pause(): Promise<void>
    /** Collects again, at once. */
    resume(): void
  }
}

/** Pauses and resumes collection. Values stay on the page as they are. */
export default fp(
  async (app) => {
    const { databases, journal: log } = app
    const pausing = new Pausing()
    app.decorate('pausing', pausing)
    app.decorate('paused', { getter: () => pausing.since })
    app.decorate('pause', async () => {
      if (pausing.begin()) {
        log.warn(
          { event: 'paused' },
          'collection paused: no query is sent until POST /debug/resume, and values stay as they are',
        )
      }
      // What was collected in the round that is cancelled is dropped: it is neither a success nor a failure.
      await Promise.all(databases.map(({ round }) => round.settled()))
    })
    app.decorate('resume', () => {
      const seconds = pausing.end()
      if (seconds === undefined) return
      log.info(
        { event: 'resumed', durationSeconds: seconds },
        `collection resumed after ${formatSeconds(seconds)}`,
      )
      for (const { ticker } of databases) ticker.resumed()
    })
  },
  { name: 'pause', decorators: { fastify: ['databases', 'journal'] } },
)
