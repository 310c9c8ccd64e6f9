// Page: what scrapes get, and GET /metrics. Imports src/ and plugins/page/ only.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Registry } from '@prometheus-io/client'
import fastifyMetrics from 'fastify-metrics'
import fp from 'fastify-plugin'
import { CONTENT_TYPES } from '../src/page/exposition.ts'
import type { Body } from '../src/page/gzip.ts'
import { acceptsGzip, negotiateFormat } from '../src/page/negotiation.ts'
import type { Page } from '../src/page/page.ts'
import { countSeries } from '../src/rows/label-set.ts'
import { shownSets } from '../src/samples/window.ts'
import { firstSets } from '../src/samples/zeros.ts'
import { finish } from '../src/time/slices.ts'
import { Pages } from './page/pages.ts'
import { SelfMetrics } from './page/self-metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    page: Page
  }
}

/** Metrics of the official client that the page does not have. */
const LEFT_OUT = [
  // They are read by functions of Node.js that are its own, and one of them can end the process: an assertion fails when a
  // handle is about to be collected as garbage. nodejs_active_resources tells the same.
  'nodejs_active_handles',
  'nodejs_active_requests',
  // `promtool check metrics` rejects their names. Each has a well-named twin or is of little use.
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
]

/** Serves GET /metrics: the metrics of collectors, of the service itself and of the process. */
export default fp(
  async (app) => {
    const { config, databases } = app
    const http = new Registry()
    await app.register(fastifyMetrics.default, {
      endpoint: null,
      defaultMetrics: { enabled: true, register: http },
      // The plugin creates the summary even when it is disabled, by default in the global registry.
      routeMetrics: {
        enabled: { histogram: true, summary: false },
        overrides: { histogram: { registers: [http] }, summary: { registers: [new Registry()] } },
      },
    })
    for (const name of LEFT_OUT) http.removeSingleMetric(name)
    // Totals that are not kept over a restart count from the start of the process.
    const created = config.OPENMETRICS_CREATED ? Math.round(performance.timeOrigin) / 1000 : undefined
    const self = new SelfMetrics(databases, {
      elects: config.LEADER_ELECTION,
      tick: config.METRICS_TICK_DURATION,
      budget: config.COLLECTOR_MAX_SERIES,
      refusals: app.refusals,
      reloads: () => app.reloads,
      tls: () => app.listener.tls,
      pausing: app.pausing,
      created,
    })
    const pages = new Pages(databases, self, { created, readClient: () => http.getMetricsAsJSON() })

    // A replica that takes over shows no zeros: what it collects now has been on another's page.
    const gauges = config.METRICS_ZEROS === 'all' && !config.LEADER_ELECTION
    app.decorate('page', {
      get scraped() {
        return pages.scraped
      },
      seed(statuses) {
        for (const status of statuses) {
          const { collector, window } = status
          const sets = window === undefined ? firstSets(collector, gauges) : shownSets(window)
          status.seed({ sets, series: finish(countSeries(sets, collector.metrics)) }, performance.now())
        }
        pages.publish()
      },
      prepare: (outcomes) => pages.prepare(outcomes),
      publish(database, outcomes, seconds, tick) {
        for (const outcome of outcomes)
          outcome.status.publish(outcome, tick, performance.now(), Date.now() / 1000, pages.scraped)
        const failed = outcomes.some(({ result }) => result instanceof Error)
        self.observeRound(database, failed, seconds)
        pages.publish()
      },
      forget(database, statuses) {
        for (const status of statuses) status.reset()
        self.forget(database)
        pages.publish()
      },
    })

    app.get('/metrics', async (request, reply) => {
      const format = negotiateFormat(request.headers.accept)
      const gzip = acceptsGzip(request.headers['accept-encoding'])
      const body = await pages.body(format, gzip)
      // Fastify sends one buffer, or a stream, which takes turns and memory for each of its chunks.
      reply.hijack()
      send(body, reply.raw, {
        'content-type': CONTENT_TYPES[format],
        vary: 'Accept, Accept-Encoding',
        ...(gzip ? { 'content-encoding': 'gzip' } : {}),
      })
      return reply
    })
  },
  { name: 'page', dependencies: ['access', 'pause'], decorators: { fastify: ['config', 'databases'] } },
)

/** Answers with a body, of which no copy is made. */
function send({ pieces, length }: Body, response: ServerResponse, headers: OutgoingHttpHeaders): void {
  // The client may have gone while the page was made.
  if (response.destroyed) return
  response.writeHead(200, { ...headers, 'content-length': length })
  response.cork()
  for (const piece of pieces.slice(0, -1)) response.write(piece)
  // With its last bytes, and not after them: the client has the whole answer then, and may ask again at once.
  response.end(pieces.at(-1))
}
