// Says in the log how collectors of one database fail and recover. Imports src/ only.
import { type Finding, renderFinding } from '../../src/finding.ts'
import { errorFields, type Log } from '../../src/log.ts'
import { excerptOf } from '../../src/place.ts'
import { Incidents } from '../../src/round/incidents.ts'
import { loggedError, loggedRejection } from '../../src/round/logged.ts'
import type { Outcome } from '../../src/round/outcome.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { countRejected } from '../../src/rows/rows.ts'
import type { Samples } from '../../src/samples/samples.ts'
import { formatSeconds } from '../../src/time/age.ts'

export interface CollectorLogOptions {
  /** Whether the log may have values of rows. */
  readonly logValues: boolean
  readonly log: Log
}

/** Says of each collector of one database when it begins to fail or to reject rows, and when that is over. */
export class CollectorLog {
  readonly #options: CollectorLogOptions
  readonly #failing = new Incidents()
  readonly #rejecting = new Incidents()

  constructor(options: CollectorLogOptions) {
    this.#options = options
  }

  /** A collector has failed by itself. `now` is in milliseconds of the monotonic clock. */
  failed({ status, seconds }: Outcome, error: Error, now: number): void {
    const { logValues, log } = this.#options
    const incident = this.#failing.of(status.collector.name)
    const isNew = incident.begin(now)
    incident.add(1)
    if (!isNew || isSaid(status)) return
    const finding = loggedError(error, logValues)
    const fields = { ...fieldsOf(status), durationSeconds: seconds, ...errorFields(error) }
    log.error(
      { event: 'failed', ...fields, ...excerptFields(finding) },
      `collector failed: ${renderFinding(finding)}`,
    )
  }

  /** A collector has succeeded. */
  succeeded({ status, idle }: Outcome, { rejection, rejected }: Samples, now: number): void {
    const { logValues, log } = this.#options
    if (idle !== undefined && idle !== status.idle)
      log.info(fieldsOf(status), `collector does not run here: ${idle}`)
    if (idle === undefined && status.idle !== undefined) log.info(fieldsOf(status), 'collector runs here')
    const failed = this.#failing.of(status.collector.name).end(now)
    if (failed !== undefined) {
      const { seconds, count: runs } = failed
      log.info(
        { event: 'recovered', ...fieldsOf(status), durationSeconds: seconds, runs },
        `collector recovered after ${formatSeconds(seconds)}; failed runs: ${runs}`,
      )
    }
    const rejecting = this.#rejecting.of(status.collector.name)
    if (rejection === undefined) {
      const ended = rejecting.end(now)
      if (ended === undefined) return
      const { seconds, count: rows } = ended
      log.info(
        { event: 'accepted', ...fieldsOf(status), durationSeconds: seconds, rows },
        `collector rejects no more rows, after ${formatSeconds(seconds)}; rejected rows: ${rows}`,
      )
      return
    }
    const isNew = rejecting.begin(now)
    rejecting.add(countRejected(rejected))
    if (!isNew) return
    log.warn(
      { event: 'rejected', ...fieldsOf(status), rejected },
      `collector rejected rows: ${renderFinding(loggedRejection(rejection, logValues))}`,
    )
  }

  /** Forgets all collectors but these. */
  keep(names: ReadonlySet<string>): void {
    this.#failing.keep(names)
    this.#rejecting.keep(names)
  }
}

/** Whether it was said where it was found: at the reload, or when its code threw where nobody waited for it. */
function isSaid({ collector, strays }: CollectorStatus): boolean {
  return collector.fault !== undefined || strays.last !== undefined
}

function fieldsOf({ collector, file }: CollectorStatus): { collector: string; file: string | undefined } {
  return { collector: collector.name, file }
}

/** The line that a finding is about, with a caret, for the log. */
function excerptFields({ place }: Finding): { readonly excerpt?: string } {
  const lines = place === undefined ? [] : excerptOf(place)
  return lines.length === 0 ? {} : { excerpt: lines.join('\n') }
}
