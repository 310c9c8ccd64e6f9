// GET /debug/collectors and the page of each collector. Imports src/ and its own folder only.
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Database } from '../../src/database.ts'
import { describeError } from '../../src/finding.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { collectorPage } from './collector-page.ts'
import { dueAt, whyNotFound } from './links.ts'

interface CollectorRoute {
  Params: { name: string }
  /** A browser sends a field once, but anybody may send it twice. */
  Querystring: { search?: string | string[]; database?: string }
}

/** Serves the status of all collectors as JSON, the page of each, and PostgreSQL's plan for its query. */
export async function collectors(
  debug: FastifyInstance,
  { databases, paused }: { databases: readonly Database[]; paused(): number | undefined },
): Promise<void> {
  debug.get('/debug/collectors', async () => {
    const now = performance.now()
    return databases.flatMap((database) =>
      database.collectors.list.map((status) => describe(database, status, now)),
    )
  })

  debug.get<CollectorRoute>('/debug/collectors/:name', async ({ params, query }, reply) => {
    const found = find(params.name, query.database)
    if (found === undefined) return notFound(params.name, query.database, reply)
    await reply.helmet()
    const { text } = await collectorPage(...found, [query.search ?? ''].flat().join(' '), undefined)
    return reply.type('text/html; charset=utf-8').send(text)
  })

  debug.post<CollectorRoute>('/debug/collectors/:name/explain', async ({ params, query }, reply) => {
    const found = find(params.name, query.database)
    if (found === undefined) return notFound(params.name, query.database, reply)
    const [database, status] = found
    if (paused() !== undefined) {
      return reply.code(409).send({ error: 'collection is paused: POST /debug/resume first' })
    }
    if (database.inspector.asking) {
      return reply.code(409).send({ error: 'the database is explaining a query: retry when it has answered' })
    }
    await reply.helmet()
    const plan = await database.inspector.explain(status).catch(asError)
    const { text } = await collectorPage(database, status, '', plan)
    return reply.type('text/html; charset=utf-8').send(text)
  })

  /** Finds a collector and its database. */
  function find(name: string, of: string | undefined): [Database, CollectorStatus] | undefined {
    for (const database of databases) {
      if (of !== undefined && database.name !== of) continue
      const status = database.collectors.list.find(({ collector }) => collector.name === name)
      if (status !== undefined) return [database, status]
    }
    return undefined
  }

  function notFound(name: string, database: string | undefined, reply: FastifyReply): FastifyReply {
    return reply.code(404).send({ error: whyNotFound(databases, name, database) })
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(describeError(reason))
}

function describe(of: Database, status: CollectorStatus, now: number) {
  const { collector, database, last, lastSuccess, error } = status
  const due = dueAt(of, status)
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
    ...(status.idle === undefined ? {} : { idle: status.idle }),
    lastError: error === undefined ? null : describeError(error),
  }
}
