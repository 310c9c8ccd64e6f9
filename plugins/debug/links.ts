import type { Database } from '../../src/database.ts'
import type { CollectorStatus } from '../../src/round/status.ts'

/** A collector, and where there are several databases, of which. */
export function nameOf({ database, collector }: CollectorStatus): string {
  return database === undefined ? collector.name : `${database}/${collector.name}`
}

/** The path of a collector's page, or of what is below it. */
export function pathOf({ database, collector }: CollectorStatus, below = ''): string {
  return `/debug/collectors/${collector.name}${below}${database === undefined ? '' : `?database=${database}`}`
}

/** Why nothing is found under these names. */
export function whyNotFound(
  databases: readonly Database[],
  name: string | undefined,
  database: string | undefined,
): string {
  const names = databases.flatMap(({ collectors }) => collectors.list.map(nameOf)).join(', ')
  const of = database === undefined ? '' : ` of a database "${database}"`
  return `there is no collector "${name ?? ''}"${of}; the collectors are ${names}`
}

/** When a collector runs next, in milliseconds since 1970. */
export function dueAt({ ticker }: Database, status: CollectorStatus): number | undefined {
  const { tick, nextTickAt, length } = ticker
  if (nextTickAt === undefined) return undefined
  return nextTickAt + length * (Math.max(status.ticksUntilDue(tick), 1) - 1)
}
