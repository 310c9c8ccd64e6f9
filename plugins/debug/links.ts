// Names and paths of collectors on the debug listener. Imports src/ only.
import type { Database } from '../../src/database.ts'
import type { CollectorStatus } from '../../src/round/status.ts'

/**
 * Returns the id of a collector's row, or of a cell of it. It is unique because names of databases and collectors have no
 * dots.
 */
export function idOf({ database, collector }: CollectorStatus, column?: string): string {
  return [database, collector.name, column].filter((name) => name !== undefined).join('.')
}

/** Returns the path of a collector's page, or of something below it. */
export function pathOf({ database, collector }: CollectorStatus, below = ''): string {
  return `/debug/collectors/${collector.name}${below}${database === undefined ? '' : `?database=${database}`}`
}

/** Returns the path that starts a round of one collector. */
export function collectPath({ database, collector }: CollectorStatus): string {
  return `/debug/collect?collector=${collector.name}${database === undefined ? '' : `&database=${database}`}`
}

/** Finds a collector and its database by their names; undefined as the database is the first that has it. */
export function find(
  databases: readonly Database[],
  name: string,
  of: string | undefined,
): [Database, CollectorStatus] | undefined {
  for (const database of databases) {
    if (of !== undefined && database.name !== of) continue
    const status = database.collectors.list.find(({ collector }) => collector.name === name)
    if (status !== undefined) return [database, status]
  }
  return undefined
}

/** Explains why there is no collector with these names; undefined means any name. */
export function whyNotFound(
  databases: readonly Database[],
  name: string | undefined,
  database: string | undefined,
): string {
  const names = databases.flatMap(({ collectors }) => collectors.list.map(({ name }) => name)).join(', ')
  const what = [
    name === undefined ? 'collector' : `collector "${name}"`,
    ...(database === undefined ? [] : [`of a database "${database}"`]),
  ]
  return `there is no ${what.join(' ')}; the collectors are ${names}`
}

/** Returns when a collector runs next, in milliseconds since 1970; undefined before the first tick, and where another replica leads. */
export function dueAt({ ticker, leader }: Database, status: CollectorStatus): number | undefined {
  if (leader.trustedUntil <= performance.now()) return undefined
  const { tick, nextTickAt, length } = ticker
  if (nextTickAt === undefined) return undefined
  return nextTickAt + length * (Math.max(status.ticksUntilDue(tick), 1) - 1)
}

/** A field of a query as one text. */
export function textOf(field: string | string[] | undefined): string {
  return [field ?? ''].flat().join(' ')
}
