// Collectors: the folder of them, and which of them run. Imports src/ and its own folder only.
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { shortInterval } from '../src/contract/meant.ts'
import { renderFinding } from '../src/finding.ts'
import type { CollectorFolder, Loaded } from './collectors/folder.ts'
import { CollectorSet } from './collectors/set.ts'
import { watchFolder } from './collectors/watch.ts'

export { openFolder } from './collectors/folder.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The plain plugins of the folder, to be registered after this one. */
    plainPlugins: readonly FastifyPluginAsync[]
  }
}

/** The folder, what it held, and whether to take up what changes in it. */
export interface CollectorsOptions {
  readonly folder: CollectorFolder
  readonly loaded: Loaded
  readonly watch: boolean
}

/** Gives every database the collectors of the folder. */
export default fp<CollectorsOptions>(
  async (app, { folder, loaded, watch }) => {
    const { config, databases, page, journal: log } = app
    const set = new CollectorSet({ config, databases, page, folder, log }, loaded)
    app.decorate('collectors', set)
    app.decorate('reloads', set)
    app.decorate('plainPlugins', set.plugins)
    app.addHook('onReady', async () => {
      set.checkEnabled()
      const statuses = databases.flatMap(({ collectors }) => [...collectors.list])
      for (const { collector, file } of new Map(
        statuses.map((status) => [status.collector, status]),
      ).values()) {
        const warning = shortInterval(collector, config.METRICS_TICK_DURATION)
        if (warning !== undefined)
          log.warn({ event: 'configuration', collector: collector.name, file }, renderFinding(warning))
      }
    })
    if (!watch) return
    const stop = watchFolder(folder, loaded, () => set.reload())
    app.addHook('preClose', async () => stop())
  },
  { name: 'collectors', dependencies: ['page'], decorators: { fastify: ['config', 'databases', 'page'] } },
)
