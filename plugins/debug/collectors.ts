// GET /debug/collectors and the page of each collector. Imports src/ and its own folder only.
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Database } from '../../src/database.ts'
import { describeError } from '../../src/finding.ts'
import { conditionOf } from '../../src/health/condition.ts'
import { html } from '../../src/html/html.ts'
import { missing, wantsPage } from '../../src/html/missing.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { countRejected } from '../../src/rows/rows.ts'
import { collectorPage } from './collector-page.ts'
import { CollectorView } from './collector-view.ts'
import { dueAt, find, pathOf, textOf, whyNotFound } from './links.ts'
import { page } from './page.ts'
import { PAUSED } from './pause.ts'
import { makePlan } from './plans.ts'
import { lookAt, type Subject } from './subject.ts'

interface CollectorRoute {
  Params: { name: string }
  /** A browser sends a field once, but anybody may send it twice. */
  Querystring: { search?: string | string[]; sort?: string | string[]; database?: string }
}

/** Serves the status of all collectors as JSON, the page of each, and PostgreSQL's plan for its query. */
export async function collectors(debug: FastifyInstance, { subject }: { subject: Subject }): Promise<void> {
  const { databases } = subject
  debug.get('/debug/collectors', async () => {
    const now = performance.now()
    return databases.flatMap((database) =>
      database.collectors.list.map((status) => describe(database, status, now)),
    )
  })

  debug.get<CollectorRoute>('/debug/collectors/:name', async ({ params, query, headers }, reply) => {
    const found = find(databases, params.name, query.database)
    if (found === undefined) return notFound(params.name, query.database, reply, headers.accept)
    await reply.helmet()
    const selection = { search: textOf(query.search), largest: query.sort === 'value' }
    const view = new CollectorView(subject, ...found, selection)
    const { text } = await collectorPage(...found, lookAt(subject), view, selection)
    return reply.type('text/html; charset=utf-8').send(text)
  })

  debug.post<CollectorRoute>('/debug/collectors/:name/explain', async ({ params, query, headers }, reply) => {
    const found = find(databases, params.name, query.database)
    if (found === undefined) return notFound(params.name, query.database, reply, headers.accept)
    const [database, status] = found
    if (subject.paused() !== undefined) return reply.code(409).send(PAUSED)
    if (database.inspector.asking) {
      return reply.code(409).send({ error: 'the database is explaining a query: retry when it has answered' })
    }
    await makePlan(database, status)
    return reply.redirect(`${pathOf(status)}#plan`, 303)
  })

  // Where a page was that somebody has kept the address of.
  debug.get<CollectorRoute>('/debug/collectors/:name/explain', async ({ params, query, headers }, reply) => {
    const found = find(databases, params.name, query.database)
    if (found === undefined) return notFound(params.name, query.database, reply, headers.accept)
    return reply.redirect(`${pathOf(found[1])}#plan`)
  })

  async function notFound(name: string, database: string | undefined, reply: FastifyReply, accept?: string) {
    const error = whyNotFound(databases, name, database)
    reply.code(404)
    if (!wantsPage(accept)) return reply.send({ error })
    await reply.helmet()
    const body = html`${missing('/debug')}<p>${error}</p>`
    return reply.type('text/html; charset=utf-8').send(page('404', body).text)
  }
}

function describe(of: Database, status: CollectorStatus, now: number) {
  const { collector, database, last, lastSuccess, failing, lastFailure, error } = status
  const result = last === undefined || last.result instanceof Error ? undefined : last.result
  const due = dueAt(of, status)
  return {
    ...(database === undefined ? {} : { database }),
    name: collector.name,
    file: status.file ?? null,
    state: status.state(now),
    condition: conditionOf(status, now).word,
    outcome: last === undefined ? null : error === undefined ? 'success' : 'failure',
    durationSeconds: last?.seconds ?? null,
    backoffTicks: status.backoffTicks > 1 ? status.backoffTicks : 0,
    series: status.shown(now).series,
    rejectedRows: result === undefined ? null : countRejected(result.rejected),
    foldedSeries: result?.folded ?? null,
    lastSuccess: lastSuccess === undefined ? null : timeOf(lastSuccess),
    nextDue: due === undefined ? null : new Date(due).toISOString(),
    ...(status.idle === undefined ? {} : { idle: status.idle }),
    failingSince: failing === undefined ? null : timeOf(failing.since),
    failuresInARow: failing?.runs ?? 0,
    lastFailure: lastFailure === undefined ? null : timeOf(lastFailure.time),
    lastError: error === undefined ? null : describeError(error),
  }
}

/** A time in seconds since 1970 as ISO 8601. */
function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
