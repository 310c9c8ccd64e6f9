// The pages of the metrics listener for people. Imports src/ only.
import { version } from '../../src/config/version.ts'
import type { Database } from '../../src/database.ts'
import type { Verdict } from '../../src/health/verdict.ts'
import { Html, html } from '../../src/html/html.ts'
import { icon } from '../../src/html/icon.ts'
import { missing } from '../../src/html/missing.ts'
import { document, STYLE } from '../../src/html/page.ts'
import { formatAge } from '../../src/time/age.ts'
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

/** Renders how the service is, in a line, and each collector with its age and its series: no error, which may say more. */
export function landing({ name, verdict, databases, tick, now, date }: Landing): Html {
  const { level } = verdict
  // Which replica leads is a name of a host.
  const headline = level === 'standby' ? 'Standing by' : verdict.headline
  const rows = databases.flatMap(({ name: database, collectors }) =>
    collectors.list.map((status) => {
      const { collector, lastSuccess } = status
      const state = status.state(now)
      const age = lastSuccess === undefined ? 'never' : `${formatAge(date / 1000 - lastSuccess)} ago`
      const of = database === undefined ? undefined : html`${database}/`
      return html`<tr><th scope="row">${of}${collector.name}</th><td><span class="${state === 'stale' ? 'failing' : state}">${state}</span></td>
<td>${age}</td><td>${status.shown(now).series.toLocaleString('en')}</td></tr>
`
    }),
  )
  return document(
    `${level === 'ok' ? 'OK' : headline} · ${name}`,
    SHEET,
    html`<header><div><h1>${name}</h1><p><small>Metrics service ${version}: queries PostgreSQL every ${formatDuration(tick)} and serves
the results to Prometheus</small></p></div>
<nav aria-label="Pages"><a href="/metrics">/metrics</a> · <a href="/readyz">/readyz</a> · <a href="/healthz">/healthz</a></nav></header>
<main>
<section class="verdict" role="status" aria-label="Health"><p class="headline is-${level}">${icon(level)} <strong>${headline}</strong></p></section>
<h2>Collectors</h2>
<table class="plain">
<thead><tr><th scope="col">Collector</th><th scope="col">State</th><th scope="col">Last success</th><th scope="col">Series</th></tr></thead>
<tbody>
${rows}</tbody></table>
<p><small>What is wrong, and why, is on the debug page of this machine, at <code>/debug</code> of DEBUG_PORT.</small></p>
</main>`,
    level,
  )
}

/** Renders what a browser gets where nothing is. */
export function notFound(): Html {
  return document('404', SHEET, missing('/'))
}
