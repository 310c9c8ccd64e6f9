import type { FastifyInstance, FastifyReply } from 'fastify'
import { describeError } from '../../src/finding.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { collectorPage } from './collector-page.ts'
import { dueAt, whyNotFound } from './links.ts'

interface Asked {
  Params: { name: string }
  Querystring: { search?: string; database?: string }
}

/** What each collector did last, as JSON; a page for each, and how PostgreSQL would answer its query. */
export async function collectors(debug: FastifyInstance, { app }: { app: FastifyInstance }): Promise<void> {
  debug.get('/debug/collectors', async () => {
    const now = performance.now()
    return app.databases.flatMap((scope) =>
      scope.collectors.list.map((status) => describe(scope, status, now)),
    )
  })

  debug.get<Asked>('/debug/collectors/:name', async ({ params, query }, reply) => {
    const found = find(params.name, query.database)
    if (found === undefined) return missing(params.name, query.database, reply)
    await reply.helmet()
    const { text } = await collectorPage(...found, query.search ?? '', undefined)
    return reply.type('text/html; charset=utf-8').send(text)
  })

  debug.post<Asked>('/debug/collectors/:name/explain', async ({ params, query }, reply) => {
    const found = find(params.name, query.database)
    if (found === undefined) return missing(params.name, query.database, reply)
    await reply.helmet()
    const [scope, status] = found
    const plan = await scope.round.explain(status).catch((error: unknown) => error as Error)
    const { text } = await collectorPage(scope, status, '', plan)
    return reply.type('text/html; charset=utf-8').send(text)
  })

  /** A collector, and the scope of its database. */
  function find(name: string, database: string | undefined): [FastifyInstance, CollectorStatus] | undefined {
    for (const scope of app.databases) {
      if (database !== undefined && scope.database.name !== database) continue
      const status = scope.collectors.list.find(({ collector }) => collector.name === name)
      if (status !== undefined) return [scope, status]
    }
    return undefined
  }

  function missing(name: string, database: string | undefined, reply: FastifyReply): FastifyReply {
    return reply.code(404).send({ error: whyNotFound(app, name, database) })
  }
}

function describe(scope: FastifyInstance, status: CollectorStatus, now: number) {
  const { collector, database, last, lastSuccess, error } = status
  const due = dueAt(scope, status)
  return {
    ...(database === undefined ? {} : { database }),
    name: collector.name,
    file: status.file ?? null,
    state: status.state(now),
    outcome: last === undefined ? null : error === undefined ? 'success' : 'failure',
    durationSeconds: last?.seconds ?? null,
    backoffTicks: status.backoffTicks > 1 ? status.backoffTicks : 0,
    series: status.shown(now).series,
    lastSuccess: lastSuccess === undefined ? null : new Date(lastSuccess * 1000).toISOString(),
    nextDue: due === undefined ? null : new Date(due).toISOString(),
    lastError: error === undefined ? null : describeError(error),
  }
}
