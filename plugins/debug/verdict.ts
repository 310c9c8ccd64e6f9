// The verdict as HTML. Imports src/ and its own folder only.
import type { Problem } from '../../src/health/problem.ts'
import type { Verdict } from '../../src/health/verdict.ts'
import { type Html, html } from '../../src/html/html.ts'
import { icon, iconUrl } from '../../src/html/icon.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { formatClock } from '../../src/time/age.ts'
import { pathOf } from './links.ts'

/** The most problems, and collectors of one, that are listed. */
const MOST = 20
const NAMES = 8

/** Renders what is wrong, since when, why, what it means and what to do, a cause in a line. `date` is since 1970. */
export function verdictOf({ level, headline, problems }: Verdict, date: number): Html {
  const rest = problems.length - MOST
  const more = rest > 0 ? html`<li>and ${rest} more</li>` : undefined
  const list =
    problems.length === 0
      ? undefined
      : html`<ul class="problems">${problems.slice(0, MOST).map((problem) => line(problem, date))}${more}</ul>`
  return html`<p class="headline is-${level}" data-icon="${iconUrl(level)}">${icon(level)} <strong>${headline}</strong></p>${list}`
}

function line(
  { severity, database, what, since, why, effect, action, collectors = [] }: Problem,
  date: number,
): Html {
  const of = database === undefined || what.includes(database) ? undefined : html`<b>${database}</b> `
  const begun = since === undefined ? undefined : html` since ${time(since, date)}`
  return html`<li class="p-${severity}">${icon(severity)}<div><strong>${of}${what}</strong>${begun}${why ? html`: ${why}` : undefined}${/[.?!]$/.test(why ?? what) ? undefined : '.'}
${effect === undefined ? undefined : html`<span class="line">${effect}.</span>`}
${action === undefined ? undefined : html`<span class="line do"><b>Do:</b> ${action}</span>`}
${names(collectors)}</div></li>`
}

/** Renders a moment as the clock shows it. */
export function time(at: number, date: number): Html {
  return html`<time datetime="${new Date(at).toISOString()}">${formatClock(at, date)}</time>`
}

function names(collectors: readonly CollectorStatus[]): Html | undefined {
  if (collectors.length === 0) return undefined
  const links = collectors
    .slice(0, NAMES)
    .map((status) => html` <a href="${pathOf(status)}">${status.name}</a>`)
  const rest = collectors.length - NAMES
  return html`<span class="line names">${links}${rest > 0 ? ` and ${rest} more` : undefined}</span>`
}
