// POST /debug/collect. Imports src/ and its own folder only.
import type { FastifyInstance } from 'fastify'
import type { Database } from '../../src/database.ts'
import { describeLeader } from '../../src/leader/lock.ts'
import { pathOf, whyNotFound } from './links.ts'
import { PAUSED } from './pause.ts'

interface CollectRoute {
  Querystring: { collector?: string; database?: string }
}

/** Serves POST /debug/collect, which starts a round now: of all collectors or of one, on all databases or on one. */
export async function collect(
  debug: FastifyInstance,
  { databases, paused }: { databases: readonly Database[]; paused(): number | undefined },
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
    if (paused() !== undefined) return reply.code(409).send(PAUSED)
    // A database that cannot be collected hides nothing of the others.
    const refusals = new Map(rounds.map(({ database }) => [database, whyNot(database)]))
    const can = rounds.filter(({ database }) => refusals.get(database) === undefined)
    const [refusal] = [...refusals.values()].filter((refusal) => refusal !== undefined)
    if (can.length === 0 && refusal !== undefined) {
      return reply.code(refusal.code).send({ error: refusal.error })
    }
    for (const { database, statuses } of can) void database.round.run(database.ticker.tick, statuses)
    const statuses = can.flatMap(({ statuses }) => statuses)
    // A browser that sent a form goes to the page that shows the round; any other client gets the names.
    if (request.headers.accept?.includes('text/html')) {
      const [first] = statuses
      return reply.redirect(name === undefined || first === undefined ? '/debug' : pathOf(first), 303)
    }
    return reply.code(202).send({ collectors: statuses.map(({ name }) => name) })
  })
}

/** Why no round of a database can begin now; undefined when one can. */
function whyNot({
  db,
  leader,
  round,
}: Database): { readonly code: 409 | 503; readonly error: string } | undefined {
  if (!db.quorate) return { code: 503, error: 'the service is waiting for the database quorum' }
  if (leader.trustedUntil <= performance.now()) {
    const { leading } = leader
    const who = leading === undefined ? 'another replica leads' : describeLeader(leading)
    return { code: 409, error: `${who}: send the request to that one` }
  }
  if (round.progress === undefined) return undefined
  return { code: 409, error: 'a round is already running: retry when it has ended' }
}
