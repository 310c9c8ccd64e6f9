import type { Log } from '../log.ts'
import { formatDuration } from '../time/duration.ts'
import type { DatabaseSettings } from './databases.ts'
import type { Config } from './read.ts'
import { version } from './version.ts'

/** What a folder of collectors holds. */
interface Folder {
  readonly path: string
  /** The names of all collectors in it, whether or not COLLECTORS has them. */
  readonly names: readonly string[]
  /** The scripts that are left aside because of their names. */
  readonly aside: readonly string[]
}

/** Says what starts: the first line of the log. */
export function sayStart(log: Log, config: Config, { path: folder, names, aside }: Folder): void {
  const { COLLECTORS, METRICS_TICK_DURATION: tick } = config
  const collectors = names.filter((name) => COLLECTORS.length === 0 || COLLECTORS.includes(name))
  const databases = config.databases.map(nameOf)
  const fields = {
    version,
    node: process.version,
    databases,
    collectors,
    tickSeconds: tick / 1000,
    folder,
    aside,
  }
  log.info(
    { event: 'started', ...fields },
    `metrics-service ${version} starts; collectors: ${collectors.length}, from ${folder}; databases: ${databases.join(', ')}; tick: ${formatDuration(tick)}`,
  )
}

/** The name of a database, or else where it is. */
function nameOf({ name, url: { endpoints, database } }: DatabaseSettings): string {
  return name ?? `${endpoints.map((endpoint) => endpoint.name).join()}/${database}`
}
