import type { Check, Inspector, ReportOptions } from '../../src/check/inspector.ts'
import type { Db } from '../../src/query/db.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { parseMoment } from '../../src/time/moment.ts'
import { explain } from './ask.ts'
import { type ReportLimits, reportOn } from './report.ts'

/** What an inspector goes by: the database, and the limits of reports. */
export interface InspectorOptions extends Omit<ReportLimits, 'now'> {
  readonly db: Db
}

/** Milliseconds for a query to end after its time. */
const GRACE = 5000

/** Asks one database about the queries of collectors, outside of any round. */
export function openInspector({ db, budget, tick }: InspectorOptions): Inspector {
  const stopping = new AbortController()
  const { signal } = stopping

  async function check(collectors: readonly CollectorStatus[], options: ReportOptions): Promise<Check> {
    // The quorum is not waited for: a check wants to know now.
    await db.vote(signal)
    if (db.votes === 0) throw new Error(db.endpoints.flatMap(({ error }) => error ?? []).join('; '))
    const lifetime = collectors.reduce((sum, { timeout }) => sum + timeout + GRACE, 0)
    const snapshot = await db.snapshot(lifetime, signal)
    const { time } = snapshot.begun
    const limits = { now: parseMoment(time), budget, tick }
    async function* reports() {
      try {
        for (const status of collectors) {
          yield await reportOn(
            status,
            (timeout, work) => snapshot.run(timeout, signal, work),
            limits,
            options,
          )
        }
      } finally {
        await snapshot.close()
      }
    }
    return { endpoint: snapshot.endpoint.name, time, reports: reports() }
  }

  return {
    check,
    async explain({ collector, timeout, window }) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)])
      const snapshot = await db.snapshot(timeout, limit)
      try {
        const now = parseMoment(snapshot.begun.time)
        const asked = { from: window?.sealedTo ?? now, to: now }
        return await snapshot.run(timeout, signal, (sql) => explain(collector, sql, asked))
      } finally {
        await snapshot.close()
      }
    },
    cancel: () => stopping.abort(new Error('the service is stopping')),
  }
}
