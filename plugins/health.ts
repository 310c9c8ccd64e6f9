// Health: /healthz, /readyz and the landing page. Imports src/ only.
import fp from 'fastify-plugin'
import { version } from '../src/config/version.ts'
import type { Database } from '../src/database.ts'
import { describeError, renderFinding } from '../src/finding.ts'
import { type Html, html } from '../src/html/html.ts'
import { document } from '../src/html/page.ts'
import { describeLeader } from '../src/leader/lock.ts'
import { findOnlyShipped, wantsTable } from '../src/round/shipped.ts'
import type { CollectorStatus } from '../src/round/status.ts'
import { formatDuration } from '../src/time/duration.ts'

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

/** Serves /healthz (the process is alive), /readyz (its values are present and fresh) and / (links). */
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
      const names = new Set(
        app.databases.flatMap(({ collectors }) => collectors.list.map(({ collector }) => collector.name)),
      )
      return reply
        .type('text/html; charset=utf-8')
        .send(landing(app.config.METRICS_TICK_DURATION, names).text)
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

const STYLE = html`<style>
body {
font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem;
background: Canvas; color: CanvasText
}
</style>`

/** Renders the page that links the others; `tick` is in milliseconds. */
function landing(tick: number, collectors: ReadonlySet<string>): Html {
  return document(
    'Metrics service',
    STYLE,
    html`<main>
<h1>Metrics service ${version}</h1>
<p>Queries PostgreSQL every ${formatDuration(tick)} and serves the results to Prometheus.</p>
<ul>
<li><a href="/metrics">/metrics</a>: the metrics</li>
<li><a href="/readyz">/readyz</a>: whether every value is present and fresh</li>
<li><a href="/healthz">/healthz</a>: whether the process is alive</li>
</ul>
<h2>Collectors</h2>
<ul>
${Array.from(collectors, (name) => html`<li>${name}</li>\n`)}</ul>
</main>`,
  )
}
