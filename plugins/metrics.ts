import { Registry } from '@prometheus-io/client'
import fastifyMetrics from 'fastify-metrics'
import fp from 'fastify-plugin'
import { renderFamilies } from '../src/exposition.ts'
import { knownSets, seriesOf } from '../src/labelset.ts'
import type { CollectorStatus, Outcome } from '../src/status.ts'
import { shownSets } from '../src/window.ts'
import { selfMetrics } from './metrics/self.ts'

declare module 'fastify' {
  interface FastifyInstance {
    page: Page
  }
}

/** What a scrape is answered with: the families of every collector, as they were when the last round ended. */
export interface Page {
  /** Shows what is known before any round: 0, or where a counter stopped when its state was saved. */
  seed(): void
  /** Takes all outcomes of a round at once. `seconds` is how long it took, `tick` the number of its tick. */
  publish(outcomes: readonly Outcome[], seconds: number, tick: number): void
  /** Counts a tick at which no round could start. */
  skipTick(): void
}

/** Names that `promtool check metrics` objects to. Each has a well-named twin or is of little use. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
  'http_request_summary_seconds',
]

/** The page, the service's own metrics, those of fastify-metrics, and GET /metrics. */
export default fp(
  async (app) => {
    const http = new Registry()
    await app.register(fastifyMetrics.default, {
      endpoint: null,
      defaultMetrics: { enabled: true, register: http },
      routeMetrics: { overrides: { histogram: { registers: [http] }, summary: { registers: [http] } } },
    })
    for (const name of MISNAMED) http.removeSingleMetric(name)
    /** The one moment that a page and what it says of itself are of. */
    let renderedAt = 0
    const self = selfMetrics(app, () => renderedAt)
    /** The text of what a collector shows, made anew when that changes. */
    const parts = new Map<CollectorStatus, { readonly sets: unknown; readonly text: string }>()
    let publications = 0

    function partOf(status: CollectorStatus, now: number): string {
      const { sets } = status.shown(now)
      const known = parts.get(status)
      if (known?.sets === sets) return known.text
      const text = renderFamilies(status.collector, sets)
      parts.set(status, { sets, text })
      return text
    }

    async function render(): Promise<string> {
      for (;;) {
        const seen = publications
        renderedAt = performance.now()
        const business = app.db.quorate ? app.collectors.list.map((status) => partOf(status, renderedAt)) : []
        const [own, theirs] = [await self.registry.metrics(), await http.metrics()]
        // A round that ended meanwhile would put new self-metrics beside old values.
        if (seen === publications) return [...business, own, theirs].join('')
      }
    }

    app.decorate('page', {
      seed() {
        for (const status of app.collectors.list) {
          const sets = status.window === undefined ? knownSets(status.collector) : shownSets(status.window)
          const series = sets.reduce((sum, set) => sum + seriesOf(set), 0)
          status.seed(sets, series, performance.now())
        }
        publications++
      },
      publish(outcomes, seconds, tick) {
        for (const outcome of outcomes)
          outcome.status.settle(outcome, tick, performance.now(), Date.now() / 1000)
        self.observeRound(outcomes, seconds)
        publications++
      },
      skipTick: () => self.skipTick(),
    })

    app.get('/metrics', async (_request, reply) => {
      const text = await render()
      return reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(text)
    })
  },
  { name: 'page', dependencies: ['config', 'db', 'collectors', 'state'] },
)
