import type { FastifyInstance, FastifyReply } from 'fastify'
import { describeError } from '../../src/error.ts'
import type { CollectorStatus } from '../../src/status.ts'
import { collectorPage } from './collector.ts'
import { dueAt } from './overview.ts'

interface Asked {
  Params: { name: string }
  Querystring: { search?: string }
}

/** What each collector did last, as JSON; a page for each, and how PostgreSQL would answer its query. */
export async function collectors(debug: FastifyInstance, { app }: { app: FastifyInstance }): Promise<void> {
  debug.get('/debug/collectors', async () => {
    const now = performance.now()
    return app.collectors.list.map((status) => {
      const { collector, last, lastSuccess, error } = status
      const due = dueAt(app, status)
      return {
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
    })
  })

  debug.get<Asked>('/debug/collectors/:name', async ({ params, query }, reply) => {
    const status = find(params.name)
    if (status === undefined) return unknown(params.name, reply)
    await reply.helmet()
    const { text } = await collectorPage(app, status, query.search ?? '', undefined)
    return reply.type('text/html; charset=utf-8').send(text)
  })

  debug.post<Asked>('/debug/collectors/:name/explain', async ({ params }, reply) => {
    const status = find(params.name)
    if (status === undefined) return unknown(params.name, reply)
    await reply.helmet()
    const plan = await app.round.explain(status).catch((error: unknown) => error as Error)
    const { text } = await collectorPage(app, status, '', plan)
    return reply.type('text/html; charset=utf-8').send(text)
  })

  function find(name: string): CollectorStatus | undefined {
    return app.collectors.list.find(({ collector }) => collector.name === name)
  }

  function unknown(name: string, reply: FastifyReply): FastifyReply {
    const names = app.collectors.list.map(({ collector }) => collector.name).join(', ')
    return reply.code(404).send({ error: `there is no collector "${name}"; the collectors are ${names}` })
  }
}
