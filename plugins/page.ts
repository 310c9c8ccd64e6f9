import { Registry } from '@prometheus-io/client'
import fastifyMetrics from 'fastify-metrics'
import fp from 'fastify-plugin'
import { CONTENT_TYPES } from '../src/page/exposition.ts'
import { acceptsGzip, negotiateFormat } from '../src/page/negotiation.ts'
import type { CollectorStatus, Outcome } from '../src/round/status.ts'
import { countSeries } from '../src/rows/label-set.ts'
import { shownSets } from '../src/samples/window.ts'
import { knownSets } from '../src/samples/zeros.ts'
import { finish } from '../src/time/slices.ts'
import { Pages } from './page/pages.ts'
import { selfMetrics } from './page/self-metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    page: Page
  }
}

/** What a scrape is answered with: the families of every collector, as they were when the last round ended. */
export interface Page {
  /** Shows what is known of collectors before any round: 0, or where a counter stopped when its state was saved. */
  seed(database: string | undefined, statuses: readonly CollectorStatus[]): void
  /** Makes all that a publication of these outcomes takes, so that no scrape has to wait for it. */
  prepare(outcomes: readonly Outcome[]): Promise<void>
  /** Takes all outcomes of a round at once. `seconds` is how long it took, `tick` the number of its tick. */
  publish(outcomes: readonly Outcome[], seconds: number, tick: number): void
  /** Has scrapes see that collectors have forgotten what they found: another replica leads their database. */
  forget(database: string | undefined, statuses: readonly CollectorStatus[]): void
  /** Counts a tick at which no round of a database could start. */
  skipTick(database: string | undefined): void
}

/** Names that `promtool check metrics` objects to. Each has a well-named twin or is of little use. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
]

/** The page, the service's own metrics, those of fastify-metrics, and GET /metrics. */
export default fp(
  async (app) => {
    const http = new Registry()
    await app.register(fastifyMetrics.default, {
      endpoint: null,
      defaultMetrics: { enabled: true, register: http },
      // It makes the summary even when that is off, and would make it in the registry of the whole process.
      routeMetrics: {
        enabled: { histogram: true, summary: false },
        overrides: { histogram: { registers: [http] }, summary: { registers: [new Registry()] } },
      },
    })
    for (const name of MISNAMED) http.removeSingleMetric(name)
    /** The one moment that a page and what it says of itself are of. */
    let renderedAt = 0
    const self = selfMetrics(app, () => renderedAt)
    const pages = new Pages(app, async (now) => {
      renderedAt = now
      return [...(await self.registry.getMetricsAsJSON()), ...(await http.getMetricsAsJSON())]
    })

    app.decorate('page', {
      seed(database, statuses) {
        self.begin(database, statuses)
        for (const status of statuses) {
          const sets = status.window === undefined ? knownSets(status.collector) : shownSets(status.window)
          status.seed(sets, finish(countSeries(sets)), performance.now())
        }
        pages.publish()
      },
      prepare: (outcomes) => pages.prepare(outcomes),
      publish(outcomes, seconds, tick) {
        for (const outcome of outcomes)
          outcome.status.settle(outcome, tick, performance.now(), Date.now() / 1000)
        self.observeRound(outcomes, seconds)
        pages.publish()
      },
      forget(database, statuses) {
        for (const status of statuses) status.reset()
        self.end(database, statuses)
        pages.publish()
      },
      skipTick: (database) => self.skipTick(database),
    })

    app.get('/metrics', async (request, reply) => {
      const format = negotiateFormat(request.headers.accept)
      const gzip = acceptsGzip(request.headers['accept-encoding'])
      const body = await pages.body(format, gzip)
      reply.type(CONTENT_TYPES[format]).header('vary', 'Accept, Accept-Encoding')
      if (gzip) reply.header('content-encoding', 'gzip')
      return reply.send(body)
    })
  },
  { name: 'page', dependencies: ['config'] },
)
