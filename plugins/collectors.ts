// Collectors: the set of them, checked for conflicts. Imports src/ only.
import fp from 'fastify-plugin'
import type { Collector } from '../src/contract/collector.ts'
import { checkNames } from '../src/contract/did-you-mean.ts'
import { shortInterval } from '../src/contract/meant.ts'
import { isReserved, namesOnPage } from '../src/contract/metric-names.ts'
import { renderFinding } from '../src/finding.ts'
import { seriesOfGroup } from '../src/samples/group.ts'

/** The label with the name of the database, when DATABASE_URL gives names. */
const DATABASE_LABEL = 'database'

/**
 * Adds collectors to every database, after checking that they fit together. `files` has the path of each by its name.
 */
export default fp<{ files: ReadonlyMap<string, string> }>(
  async (app, { files }) => {
    const { config, databases } = app
    const databaseNames = databases.flatMap(({ name }) => name ?? [])
    const named = databaseNames.length > 0
    const names = new Set<string>()
    /** The owner of each name that a sample can have. */
    const owners = new Map<string, string>()

    function add(collector: Collector): void {
      const { name, metrics, labels } = collector
      const fail = (problem: string): never => {
        throw new Error(`collector "${name}": ${problem}`)
      }
      if (names.has(name)) throw new Error(`there are two collectors with the name "${name}"`)
      names.add(name)
      for (const metric of metrics) {
        for (const known of namesOnPage(metric)) {
          const other = isReserved(known) ? 'the service itself' : owners.get(known)
          if (other !== undefined) {
            fail(`the name "${known}" of its metric "${metric.name}" is taken by ${other}`)
          }
          owners.set(known, `collector "${name}"`)
        }
      }
      if (named && labels.some((label) => label.name === DATABASE_LABEL)) {
        fail(
          `its label "${DATABASE_LABEL}" is taken by the name of the database, because DATABASE_URL gives names`,
        )
      }
      if (config.COLLECTORS.length > 0 && !config.COLLECTORS.includes(name)) return
      if (collector.databases !== undefined && !named) {
        fail(
          'it lists databases, and DATABASE_URL gives no names: DATABASE_URL="eu=postgres://… us=postgres://…"',
        )
      }
      checkNames(
        `collector "${name}" lists the databases`,
        collector.databases ?? [],
        databaseNames,
        'databases',
      )
      const least = seriesOfGroup(collector)
      if (least > config.COLLECTOR_MAX_SERIES) {
        fail(
          `its closed labels make ${least} series, more than COLLECTOR_MAX_SERIES (${config.COLLECTOR_MAX_SERIES})`,
        )
      }
      for (const { collectors } of databases) collectors.add(collector, files.get(name))
    }

    const checkEnabled = () => checkNames('COLLECTORS names', config.COLLECTORS, [...names])
    app.decorate('collectors', { add, checkEnabled })
    app.addHook('onReady', async () => {
      checkEnabled()
      const statuses = databases.flatMap(({ collectors }) => [...collectors.list])
      for (const { collector, file } of new Map(
        statuses.map((status) => [status.collector, status]),
      ).values()) {
        const warning = shortInterval(collector, config.METRICS_TICK_DURATION)
        if (warning !== undefined) app.log.warn({ collector: collector.name, file }, renderFinding(warning))
      }
    })
  },
  { name: 'collectors', decorators: { fastify: ['config', 'databases'] } },
)
