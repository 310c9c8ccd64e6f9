import type { FastifyInstance } from 'fastify'
import type { Report } from '../../src/check/report.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { parseMoment } from '../../src/time/moment.ts'
import { reportOn, type Wishes } from './report.ts'

/** The result of a check. */
export interface Check {
  /** The endpoint that was asked, and the time of its snapshot: ISO 8601 in UTC. */
  readonly endpoint: string
  readonly time: string
  /** One for each collector, as soon as it was run. */
  readonly reports: AsyncGenerator<Report, void>
}

/** Milliseconds for a query to end after its timeout. */
const GRACE = 5000

/**
 * Runs collectors once, one after the other, in one snapshot, which lasts until the reports were read. Rejects with the
 * reason of each endpoint when none can be used.
 */
export async function check(
  { db, config }: FastifyInstance,
  signal: AbortSignal,
  collectors: readonly CollectorStatus[],
  wishes: Wishes,
): Promise<Check> {
  // The quorum is not waited for: a check is to answer now.
  await db.vote(signal)
  if (db.votes === 0) throw new Error(db.endpoints.flatMap(({ error }) => error ?? []).join('; '))
  const lifetime = collectors.reduce((sum, { timeout }) => sum + timeout + GRACE, 0)
  const snapshot = await db.snapshot(lifetime, signal)
  const { time } = snapshot.begun
  const terms = {
    now: parseMoment(time),
    budget: config.COLLECTOR_MAX_SERIES,
    tick: config.METRICS_TICK_DURATION,
  }
  async function* reports(): AsyncGenerator<Report, void> {
    try {
      for (const status of collectors) {
        yield await reportOn(status, (timeout, work) => snapshot.run(timeout, signal, work), terms, wishes)
      }
    } finally {
      await snapshot.close()
    }
  }
  return { endpoint: snapshot.endpoint.name, time, reports: reports() }
}
