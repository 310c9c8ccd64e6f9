import fp from 'fastify-plugin'
import type { Collector } from '../src/collector.ts'
import { seriesOfGroup } from '../src/labelset.ts'
import { CollectorStatus } from '../src/status.ts'

declare module 'fastify' {
  interface FastifyInstance {
    collectors: Collectors
  }
}

export interface Collectors {
  /** Every collector that is enabled, in the order in which they were added. */
  readonly list: readonly CollectorStatus[]
  /**
   * Adds a collector, unless COLLECTORS leaves it out. Throws an Error when its name or a metric of it is taken, or
   * when it can never keep within its series budget.
   */
  add(collector: Collector): void
}

/** Names that belong to the service's own metrics, and to those of fastify-metrics. */
const RESERVED = /^(collection_|collector_|database_|metrics_service_|process_|nodejs_|http_request_)/
const SUFFIXES = { histogram: ['', '_bucket', '_sum', '_count'], gauge: [''], counter: [''], timestamp: [''] }

/** The set of collectors. */
export default fp(
  async (app) => {
    const { config } = app
    const limits = {
      tick: config.METRICS_TICK_DURATION,
      timeout: config.COLLECTOR_TIMEOUT,
      staleAfter: config.COLLECTOR_STALE_AFTER,
    }
    const names = new Set<string>()
    /** Every name that a sample can have → the collector that has it. */
    const taken = new Map<string, string>()
    const list: CollectorStatus[] = []

    function add(collector: Collector): void {
      const { name, metrics } = collector
      if (names.has(name)) throw new Error(`there are two collectors with the name "${name}"`)
      names.add(name)
      for (const metric of metrics) {
        for (const suffix of SUFFIXES[metric.type]) {
          const sample = metric.name + suffix
          const other = RESERVED.test(sample) ? 'the service itself' : taken.get(sample)
          if (other !== undefined) {
            throw new Error(`collector "${name}": the metric "${sample}" is already one of ${other}`)
          }
          taken.set(sample, `collector "${name}"`)
        }
      }
      if (config.COLLECTORS.length > 0 && !config.COLLECTORS.includes(name)) return
      const least = seriesOfGroup(collector)
      if (least > config.COLLECTOR_MAX_SERIES) {
        throw new Error(
          `collector "${name}": its closed labels make ${least} series, more than COLLECTOR_MAX_SERIES (${config.COLLECTOR_MAX_SERIES})`,
        )
      }
      list.push(new CollectorStatus(collector, limits))
    }

    app.decorate('collectors', { list, add })
    app.addHook('onReady', async () => {
      const unknown = config.COLLECTORS.filter((name) => !names.has(name))
      if (unknown.length > 0) {
        throw new Error(
          `COLLECTORS names ${unknown.map((name) => `"${name}"`).join(', ')}; the collectors are ${[...names].join(', ') || 'none'}`,
        )
      }
    })
  },
  { name: 'collectors', dependencies: ['config'] },
)
