// The plans that people have asked for. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { describeError } from '../../src/finding.ts'
import { type Html, html } from '../../src/html/html.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { time } from './verdict.ts'

/** The plan of a query or why there is none, and when it was asked for, in milliseconds since 1970. */
interface Plan {
  readonly at: number
  readonly lines: readonly string[] | Error
}

/** The last plan of each collector, so that a page can be loaded again. */
const plans = new WeakMap<CollectorStatus, Plan>()

/** Asks a database for the plan of a collector's query. It never rejects. */
export async function makePlan({ inspector }: Database, status: CollectorStatus): Promise<void> {
  const lines = await inspector
    .explain(status)
    .catch((error) => (error instanceof Error ? error : new Error(describeError(error))))
  plans.set(status, { at: Date.now(), lines })
}

/** Renders the last plan of a collector, if somebody has asked for it. */
export function planOf(status: CollectorStatus, date: number): Html | undefined {
  const plan = plans.get(status)
  if (plan === undefined) return undefined
  const asked = html`<p><small>Plan of ${time(plan.at, date)}:</small></p>`
  return plan.lines instanceof Error
    ? html`${asked}<p id="plan" class="failing">No plan: ${describeError(plan.lines)}</p>`
    : html`${asked}<pre id="plan" tabindex="0" aria-label="Plan">${plan.lines.join('\n')}</pre>`
}
