import type { FastifyInstance } from 'fastify'
import type { CollectorStatus } from '../../src/status.ts'

/** A collector, and where there are several databases, of which. */
export function nameOf({ database, collector }: CollectorStatus): string {
  return database === undefined ? collector.name : `${database}/${collector.name}`
}

/** The path of a collector's page. */
export function pathOf({ database, collector }: CollectorStatus): string {
  return `/debug/collectors/${collector.name}${database === undefined ? '' : `?database=${database}`}`
}

/** When a collector runs next, in milliseconds since 1970. */
export function dueAt({ ticker, config }: FastifyInstance, status: CollectorStatus): number | undefined {
  const { tick, nextTickAt } = ticker
  if (nextTickAt === undefined) return undefined
  return nextTickAt + config.METRICS_TICK_DURATION * (Math.max(status.ticksUntilDue(tick), 1) - 1)
}
