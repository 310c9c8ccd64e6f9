// Health: /healthz, /readyz and the landing page. Imports src/ and plugins/health/ only.
import fp from 'fastify-plugin'
import { serviceNameOf } from '../src/config/shown.ts'
import type { Database } from '../src/database.ts'
import { describeError, renderFinding } from '../src/finding.ts'
import { verdictOf } from '../src/health/verdict.ts'
import { wantsPage } from '../src/html/missing.ts'
import { describeLeader } from '../src/leader/lock.ts'
import { findOnlyShipped, wantsTable } from '../src/round/shipped.ts'
import type { CollectorStatus } from '../src/round/status.ts'
import { landing, notFound } from './health/landing.ts'

/** Whether every value is present and fresh. */
interface Readiness {
  readonly ready: boolean
  /** The names of the collectors whose values are not. */
  readonly collectors: readonly string[]
  /** Why: with the database's errors, which may hold names of hosts and what a row has. */
  readonly reasons: readonly string[]
  /** Since when collection is paused, as in ISO 8601; absent while it is not. */
  readonly paused?: string
  /** The replicas that lead the databases that this one does not; absent when it leads all. */
  readonly leaders?: readonly string[]
}

declare module 'fastify' {
  interface FastifyInstance {
    readiness(): Readiness
  }
}

/** Serves /healthz (the process is alive), /readyz (its values are present and fresh) and / (how it is). */
export default fp(
  async (app) => {
    function readiness(): Readiness {
      if (app.databases.every(({ collectors }) => collectors.list.length === 0)) {
        // Whatever the reason: an empty mount, a filter, a wrong folder.
        const problem = `no collector is loaded from ${app.reloads.folder}`
        return {
          ready: false,
          collectors: [],
          reasons: [`${problem}: add a file to it, or check COLLECTORS_FOLDER and COLLECTORS`],
        }
      }
      const problems = app.databases.map((database) => {
        const { name } = database
        const { collectors, reasons, leaders = [] } = problemsOf(database, app.paused !== undefined)
        const named = (texts: readonly string[]) =>
          name === undefined ? texts : texts.map((text) => `${name}: ${text}`)
        return { collectors, reasons: named(reasons), leaders: named(leaders) }
      })
      const reasons = problems.flatMap(({ reasons }) => reasons)
      const leaders = problems.flatMap(({ leaders }) => leaders)
      const collectors = [...new Set(problems.flatMap(({ collectors }) => collectors))]
      const led = leaders.length === 0 ? {} : { leaders }
      const paused = app.paused === undefined ? {} : { paused: new Date(app.paused).toISOString() }
      return { ready: reasons.length === 0, collectors, ...paused, reasons, ...led }
    }

    app.decorate('readiness', readiness)

    app.get('/healthz', async () => ({ status: 'ok' }))

    app.get('/readyz', async (request, reply) => {
      const { reasons, leaders, ...open } = readiness()
      const more = leaders === undefined ? { reasons } : { reasons, leaders }
      const body = (await app.knows(request, reply)) ? { ...open, ...more } : open
      return reply.code(open.ready ? 200 : 503).send(body)
    })

    app.get('/', async (_request, reply) => {
      await reply.helmet()
      const [now, date] = [performance.now(), Date.now()]
      const { databases, reloads, config } = app
      const given = { now, date, staleAfter: config.COLLECTOR_STALE_AFTER, maxLag: config.DATABASE_MAX_LAG }
      const verdict = verdictOf({ databases, reloads, paused: app.paused }, given)
      const tick = config.METRICS_TICK_DURATION
      const { text } = landing({ name: serviceNameOf(config), verdict, databases, tick, now, date })
      return reply.type('text/html; charset=utf-8').send(text)
    })

    app.setNotFoundHandler(async ({ headers, method, url }, reply) => {
      reply.code(404)
      if (!wantsPage(headers.accept)) return reply.send({ error: `there is no ${method} ${url}` })
      await reply.helmet()
      return reply.type('text/html; charset=utf-8').send(notFound().text)
    })
  },
  { name: 'health', dependencies: ['access', 'pause'], decorators: { fastify: ['config', 'databases'] } },
)

function problemsOf(
  { db, collectors, leader }: Database,
  isPaused: boolean,
): Omit<Readiness, 'ready' | 'paused'> {
  const { quorate, votes, required, endpoints } = db
  if (!quorate) {
    const errors = endpoints.flatMap(({ error }) => error ?? [])
    const faults = collectors.list.flatMap(({ collector }) => collector.fault ?? [])
    return {
      collectors: collectors.list.map(({ collector }) => collector.name),
      reasons: [
        `waiting for the database quorum: ${votes} of ${required} votes`,
        ...errors,
        ...faults.map(describeError),
      ],
    }
  }
  const now = performance.now()
  // The replica that leads has the values.
  if (leader.trustedUntil <= now) {
    const { hindrance, leading } = leader
    return {
      collectors: [],
      reasons: hindrance === undefined ? [] : [hindrance],
      leaders: leading === undefined ? [] : [describeLeader(leading)],
    }
  }
  // In a pause values get older because somebody wants it so: they are there until a collector fails.
  const isStale = (status: CollectorStatus) =>
    isPaused ? status.state(now) === 'stale' : status.isStale(now)
  const missing = collectors.list.filter((status) => status.lastSuccess === undefined || isStale(status))
  const shipped = findOnlyShipped(
    collectors.list.map(({ file, error }) => ({ file, wantsTable: wantsTable(error) })),
  )
  const reasons = missing.map(({ collector: { name }, lastSuccess, error }) => {
    const because = error === undefined ? '' : `: ${describeError(error)}`
    return lastSuccess === undefined
      ? `collector ${name} has not succeeded yet${because}`
      : `the values of collector ${name} are stale${because}`
  })
  return {
    collectors: missing.map(({ collector }) => collector.name),
    reasons: shipped === undefined ? reasons : [renderFinding(shipped), ...reasons],
  }
}
