// Says in the log what came of the collectors of a round. Imports src/ only.

import { type Finding, renderFinding } from '../../src/finding.ts'
import type { Log } from '../../src/log.ts'
import { excerptOf } from '../../src/place.ts'
import type { Collectors } from '../../src/round/collectors.ts'
import { loggedError, loggedRejection } from '../../src/round/logged.ts'
import type { Outcome } from '../../src/round/outcome.ts'
import { findOnlyShipped, wantsTable } from '../../src/round/shipped.ts'

export interface RoundLogOptions {
  readonly collectors: Collectors
  /** Whether the log may have values of rows. */
  readonly logValues: boolean
  readonly log: Log
}

/** Says of each collector of one database when it begins to fail or to reject rows, and when it recovers. */
export class RoundLog {
  readonly #options: RoundLogOptions
  /** Whether it was said that no collector has its table. */
  #shipped = false

  constructor(options: RoundLogOptions) {
    this.#options = options
  }

  /** Takes the outcomes of a round before they are published. */
  say(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) this.#sayOf(outcome)
    this.#sayShipped(outcomes)
  }

  #sayOf({ status, result, unavailable }: Outcome): void {
    const { logValues, log } = this.#options
    const fields = { collector: status.collector.name, file: status.file }
    if (result instanceof Error) {
      if (status.error === undefined && !unavailable) {
        const finding = loggedError(result, logValues)
        log.error(
          { event: 'failed', ...fields, ...excerptFields(finding) },
          `collector failed: ${renderFinding(finding)}`,
        )
      }
      return
    }
    if (status.error !== undefined) log.info({ event: 'recovered', ...fields }, 'collector recovered')
    const previous = status.last?.result
    const rejectedBefore =
      previous !== undefined && !(previous instanceof Error) && previous.rejection !== undefined
    if (result.rejection !== undefined && !rejectedBefore) {
      log.warn(
        { event: 'rejected', ...fields, rejected: result.rejected },
        `collector rejected rows: ${renderFinding(loggedRejection(result.rejection, logValues))}`,
      )
    }
  }

  /** Says once what to do where no collector has its table. */
  #sayShipped(outcomes: readonly Outcome[]): void {
    const { collectors, log } = this.#options
    if (this.#shipped || outcomes.length < collectors.list.length) return
    const finding = findOnlyShipped(
      outcomes.map(({ status: { file }, result }) => ({ file, wantsTable: wantsTable(result) })),
    )
    if (finding === undefined) return
    this.#shipped = true
    log.error({ event: 'failed' }, `no collector works: ${renderFinding(finding)}`)
  }
}

/** The line that a finding is about, with a caret, for the log. */
function excerptFields({ place }: Finding): { readonly excerpt?: string } {
  const lines = place === undefined ? [] : excerptOf(place)
  return lines.length === 0 ? {} : { excerpt: lines.join('\n') }
}
