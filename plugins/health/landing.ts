// The pages of the metrics listener for people. Imports src/ only.
import { version } from '../../src/config/version.ts'
import type { Database } from '../../src/database.ts'
import { conditionOf, TABS } from '../../src/health/condition.ts'
import type { Problem } from '../../src/health/problem.ts'
import type { Verdict } from '../../src/health/verdict.ts'
import { Html, html } from '../../src/html/html.ts'
import { icon } from '../../src/html/icon.ts'
import { missing } from '../../src/html/missing.ts'
import { document, STYLE } from '../../src/html/page.ts'
import { formatAge, formatClock } from '../../src/time/age.ts'
import { formatDuration } from '../../src/time/duration.ts'

const SHEET = html`<style>${new Html(STYLE)}</style>`

/** What the landing page shows. `tick` is in milliseconds, `date` since 1970, `now` of the monotonic clock. */
export interface Landing {
  readonly name: string
  readonly verdict: Verdict
  readonly databases: readonly Database[]
  readonly tick: number
  readonly now: number
  readonly date: number
}

/** The most problems that are listed. */
const MOST = 20

/** Renders how the service is and what is wrong, with each collector's age and series: no error, which may say more. */
export function landing({ name, verdict, databases, tick, now, date }: Landing): Html {
  const { level, problems } = verdict
  // Which replica leads is a name of a host.
  const headline = level === 'standby' ? 'Standing by' : verdict.headline
  const rows = databases
    .flatMap(({ name: database, collectors }) =>
      collectors.list.map((status) => ({ database, status, ...conditionOf(status, now) })),
    )
    .toSorted((a, b) => TABS.indexOf(a.tab) - TABS.indexOf(b.tab))
    .map(({ database, status, word, tab }) => {
      const { collector, lastSuccess } = status
      const age = lastSuccess === undefined ? 'never' : `${formatAge(date / 1000 - lastSuccess)} ago`
      const of = database === undefined ? undefined : html`${database}/`
      return html`<tr><th scope="row">${of}${collector.name}</th><td><span class="${tab}">${word}</span></td>
<td>${age}</td><td>${status.shown(now).series.toLocaleString('en')}</td></tr>
`
    })
  return document(
    `${level === 'ok' ? 'OK' : headline} · ${name}`,
    SHEET,
    html`<header><div><h1>${name}</h1><p><small>Metrics service ${version}: queries PostgreSQL every ${formatDuration(tick)} and serves
the results to Prometheus</small></p></div>
<nav aria-label="Pages"><a href="/metrics">/metrics</a> · <a href="/readyz">/readyz</a> · <a href="/healthz">/healthz</a></nav></header>
<main>
<section class="verdict" role="status" aria-label="Health"><p class="headline is-${level}">${icon(level)} <strong>${headline}</strong></p>
${problems.length > 0 ? listOf(problems, date) : undefined}</section>
<h2>Collectors</h2>
<table class="plain">
<thead><tr><th scope="col">Collector</th><th scope="col">State</th><th scope="col">Last success</th><th scope="col">Series</th></tr></thead>
<tbody>
${rows}</tbody></table>
<p><small>Why, and what to do, is on the debug page of this machine, at <code>/debug</code> of DEBUG_PORT.</small></p>
</main>`,
    level,
  )
}

function listOf(problems: readonly Problem[], date: number): Html {
  const rest = problems.length - MOST
  const lines = problems.slice(0, MOST).map(({ severity, database, what, since }) => {
    const of = database === undefined || what.includes(database) ? undefined : html`<b>${database}</b> `
    const begun = since === undefined ? undefined : html` since ${formatClock(since, date)} UTC`
    return html`<li class="p-${severity}">${icon(severity)}<div>${of}${what}${begun}</div></li>
`
  })
  return html`<ul class="problems">
${lines}${rest > 0 ? html`<li>and ${rest} more</li>` : undefined}</ul>`
}

/** Renders what a browser gets where nothing is. */
export function notFound(): Html {
  return document('404', SHEET, missing('/'))
}
