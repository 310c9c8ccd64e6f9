// Checks and explains queries outside of rounds. Imports src/ and its own folder only.
import type { Check, Inspector, ReportOptions } from '../../src/check/inspector.ts'
import type { Db } from '../../src/query/db.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { parseMoment } from '../../src/time/moment.ts'
import { explain } from './ask.ts'
import { creators } from './creators.ts'
import { describeQueries } from './describe.ts'
import { idleOn } from './idle.ts'
import { idleReport, type ReportLimits, reportOn } from './report.ts'
import { returnsSame, study } from './study.ts'

/** The database that an inspector asks, and the limits of its reports. */
export interface InspectorOptions extends Omit<ReportLimits, 'now'> {
  readonly db: Db
}

/** Milliseconds for the questions about the database itself. */
const WARNINGS_TIMEOUT = 5000

/** Makes the inspector of one database, which checks and explains queries outside of rounds. */
export function openInspector({ db, budget, tick }: InspectorOptions): Inspector {
  const stopping = new AbortController()
  const { signal } = stopping

  /** Asks who is there. What is asked by hand does not wait for the quorum: it reports what is so now. */
  async function vote(): Promise<void> {
    await db.vote(signal)
    if (db.votes === 0) throw new Error(db.endpoints.flatMap(({ error }) => error ?? []).join('; '))
  }

  async function check(collectors: readonly CollectorStatus[], options: ReportOptions): Promise<Check> {
    await vote()
    let snapshot = await db.snapshot(signal)
    const { endpoint, begun } = snapshot
    const { time } = begun
    // An engine without these catalogs has nothing to warn of.
    const warnings = await snapshot.run(WARNINGS_TIMEOUT, signal, creators).catch(() => [])
    async function* reports() {
      try {
        for (const status of collectors) {
          // What one collector did to its session is not the fault of the next.
          if (snapshot.lost) {
            await snapshot.close()
            snapshot = await db.snapshot(signal)
          }
          const { begun } = snapshot
          const idle = await snapshot.run(WARNINGS_TIMEOUT, signal, (sql) =>
            idleOn(status.collector, sql, begun),
          )
          if (idle !== undefined) {
            yield idleReport(status, idle)
            continue
          }
          const limits = { now: parseMoment(begun.time), budget, tick }
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
    return { endpoint: endpoint.name, time, warnings, reports: reports() }
  }

  return {
    check,
    get asking() {
      return db.asking
    },
    explain: ({ collector, timeout, window }) =>
      db.ask(timeout, signal, (sql, { time }) => {
        const now = parseMoment(time)
        return explain(collector, sql, { from: window?.sealedTo ?? now, to: now })
      }),
    async study(text, timeout) {
      await vote()
      return db.ask(timeout, signal, (sql) => study(sql, text, budget))
    },
    async describe(asked, timeout) {
      await vote()
      return describeQueries(db, asked, timeout, signal)
    },
    returnsSame: (one, other, columns, timeout) =>
      db.ask(timeout, signal, (sql) => returnsSame(sql, one, other, columns)).catch(() => false),
    cancel: () => stopping.abort(new Error('the service is stopping')),
  }
}
