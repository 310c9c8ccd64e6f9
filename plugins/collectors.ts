import fp from 'fastify-plugin'
import type { Collector } from '../src/contract/collector.ts'
import { shortInterval } from '../src/contract/interval.ts'
import { isReserved, namesOnPage } from '../src/contract/metric-names.ts'
import { checkNames } from '../src/contract/names.ts'
import { CollectorStatus } from '../src/round/status.ts'
import { seriesOfGroup } from '../src/samples/group.ts'

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
  /** Throws an Error when COLLECTORS names one that there is not; to be asked when all were added. */
  checkEnabled(): void
}

/** The label that names the database, where DATABASE_URL gives names. */
const DATABASE = 'database'

/** The set of collectors; `files` has the path of each one's file, by its name. */
export default fp<{ files?: ReadonlyMap<string, string> }>(
  async (app, { files }) => {
    const { config, database } = app
    const limits = {
      database: database.name,
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
        for (const known of namesOnPage(metric)) {
          const other = isReserved(known) ? 'the service itself' : taken.get(known)
          if (other !== undefined) {
            throw new Error(
              `collector "${name}": the name "${known}" of its metric "${metric.name}" is taken by ${other}`,
            )
          }
          taken.set(known, `collector "${name}"`)
        }
      }
      if (database.name !== undefined && collector.labels.some((label) => label.name === DATABASE)) {
        throw new Error(
          `collector "${name}": its label "${DATABASE}" is taken by the name of the database, since DATABASE_URL gives names`,
        )
      }
      if (config.COLLECTORS.length > 0 && !config.COLLECTORS.includes(name)) return
      if (collector.databases?.includes(database.name ?? '') === false) return
      const least = seriesOfGroup(collector)
      if (least > config.COLLECTOR_MAX_SERIES) {
        throw new Error(
          `collector "${name}": its closed labels make ${least} series, more than COLLECTOR_MAX_SERIES (${config.COLLECTOR_MAX_SERIES})`,
        )
      }
      list.push(new CollectorStatus(collector, limits, files?.get(name)))
    }

    const checkEnabled = () => checkNames('COLLECTORS names', config.COLLECTORS, [...names])
    app.decorate('collectors', { list, add, checkEnabled })
    app.addHook('onReady', async () => {
      checkEnabled()
      for (const { collector, file } of list) {
        const warning = shortInterval(collector, config.METRICS_TICK_DURATION)
        if (warning !== undefined) app.log.warn({ collector: collector.name, file }, warning)
      }
    })
  },
  { name: 'collectors', dependencies: ['config'] },
)
