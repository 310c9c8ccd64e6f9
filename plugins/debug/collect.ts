// POST /debug/collect. Imports src/ and its own folder only.
import type { FastifyInstance } from 'fastify'
import type { Database } from '../../src/database.ts'
import { nameOf, pathOf, whyNotFound } from './links.ts'

interface CollectRoute {
  Querystring: { collector?: string; database?: string }
}

/** Serves POST /debug/collect, which starts a round now: of all collectors or of one, on all databases or on one. */
export async function collect(
  debug: FastifyInstance,
  { databases }: { databases: readonly Database[] },
): Promise<void> {
  debug.post<CollectRoute>('/debug/collect', async (request, reply) => {
    const { collector: name, database: of } = request.query
    const rounds = databases
      .filter((database) => of === undefined || database.name === of)
      .map((database) => ({
        database,
        statuses: database.collectors.list.filter(
          ({ collector }) => name === undefined || collector.name === name,
        ),
      }))
      .filter(({ statuses }) => statuses.length > 0)
    if (rounds.length === 0) return reply.code(404).send({ error: whyNotFound(databases, name, of) })
    if (rounds.some(({ database }) => !database.db.quorate)) {
      return reply.code(503).send({ error: 'the service is waiting for the database quorum' })
    }
    if (rounds.some(({ database }) => database.leader.trustedUntil <= performance.now())) {
      return reply.code(409).send({ error: 'another replica leads: send the request to that one' })
    }
    if (rounds.some(({ database }) => database.round.progress !== undefined)) {
      return reply.code(409).send({ error: 'a round is already running: retry when it has ended' })
    }
    for (const { database, statuses } of rounds) void database.round.run(database.ticker.tick, statuses)
    const statuses = rounds.flatMap(({ statuses }) => statuses)
    // A browser that sent a form goes to the page that shows the round; any other client gets the names.
    if (request.headers.accept?.includes('text/html')) {
      const [first] = statuses
      return reply.redirect(name === undefined || first === undefined ? '/debug' : pathOf(first), 303)
    }
    return reply.code(202).send({ collectors: statuses.map(nameOf) })
  })
}
