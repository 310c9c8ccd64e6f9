import type { FastifyInstance } from 'fastify'
import type { Database } from '../../src/database.ts'
import { nameOf, pathOf, whyNotFound } from './links.ts'

interface Asked {
  Querystring: { collector?: string; database?: string }
}

/** POST /debug/collect: a round now, of all collectors or of the one that `collector` names, of all databases or of one. */
export async function collect(
  debug: FastifyInstance,
  { databases }: { databases: readonly Database[] },
): Promise<void> {
  debug.post<Asked>('/debug/collect', async (request, reply) => {
    const { collector: name, database: of } = request.query
    const rounds = databases
      .filter((database) => of === undefined || database.name === of)
      .map((database) => ({
        database,
        asked: database.collectors.list.filter(
          ({ collector }) => name === undefined || collector.name === name,
        ),
      }))
      .filter(({ asked }) => asked.length > 0)
    if (rounds.length === 0) return reply.code(404).send({ error: whyNotFound(databases, name, of) })
    if (rounds.some(({ database }) => !database.db.quorate)) {
      return reply.code(503).send({ error: 'the service still waits for the database quorum' })
    }
    if (rounds.some(({ database }) => database.leader.trustedUntil <= performance.now())) {
      return reply.code(409).send({ error: 'another replica leads: it is for that to collect' })
    }
    if (rounds.some(({ database }) => database.round.progress !== undefined)) {
      return reply.code(409).send({ error: 'a round is running: wait until it has ended' })
    }
    for (const { database, asked } of rounds) void database.round.run(database.ticker.tick, asked)
    const statuses = rounds.flatMap(({ asked }) => asked)
    // A browser that sent a form shows what comes of it; whoever else asked is told.
    if (request.headers.accept?.includes('text/html')) {
      const [first] = statuses
      return reply.redirect(name === undefined || first === undefined ? '/debug' : pathOf(first), 303)
    }
    return reply.code(202).send({ collectors: statuses.map(nameOf) })
  })
}
