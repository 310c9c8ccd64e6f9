// The page of one collector. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { describeError } from '../../src/finding.ts'
import { type Html, html } from '../../src/html/html.ts'
import { plotRuns } from '../../src/html/plot.ts'
import { excerptOf, placeOf } from '../../src/place.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { formatAge, formatSeconds } from '../../src/time/age.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { labelList, metricTable, sampleList } from './contents.ts'
import { collectPath, dueAt, nameOf, pathOf } from './links.ts'
import { page } from './page.ts'

/** The plan that was asked for, or why there is none; undefined when nobody asked. */
type Plan = readonly string[] | Error | undefined

/** Renders the page of a collector. `search` is the text that the samples on it contain. */
export async function collectorPage(
  database: Database,
  status: CollectorStatus,
  search: string,
  plan: Plan,
): Promise<Html> {
  const { collector } = status
  const now = performance.now()
  return page(
    `${nameOf(status)} – Metrics service`,
    html`${header(status, now)}
<main>
${facts(database, status)}
<h2>Metrics</h2>
${metricTable(collector)}
<h2>Labels</h2>
${labelList(collector)}
<h2>SQL</h2>
${statementOf(status)}
${explainForm(status)}
${planOf(plan)}
<h2 id="samples">Samples on the page now</h2>
${searchForm(status, search)}
${await sampleList(status, search, now)}
</main>`,
  )
}

function header(status: CollectorStatus, now: number): Html {
  const { file, error } = status
  const idle =
    status.idle === undefined ? undefined : html`<p id="idle">Does not run here: ${status.idle}</p>`
  const state = status.state(now)
  const path = file === undefined ? undefined : html`<p><small>${file}</small></p>`
  const reason = error === undefined ? undefined : html`: ${describeError(error)}`
  const place = error === undefined ? undefined : placeOf(error)
  const lines = place === undefined ? [] : excerptOf(place)
  const excerpt =
    lines.length === 0
      ? undefined
      : html`<pre id="place" tabindex="0" aria-label="Where it fails">${lines.join('\n')}</pre>`
  return html`<header>
<nav aria-label="Breadcrumb"><a href="/debug">All collectors</a></nav>
<h1>${nameOf(status)}</h1>
${path}
<p><span class="${state}">${state}</span>${reason}</p>
${excerpt}
${idle}
${rejectionOf(status)}
<form method="post" action="${collectPath(status)}"><button>Collect it now</button></form>
</header>`
}

/** Why the first row or value that the last run rejected was, with all of the value that is kept. */
function rejectionOf({ last }: CollectorStatus): Html | undefined {
  const rejection = last === undefined || last.result instanceof Error ? undefined : last.result.rejection
  if (rejection === undefined) return undefined
  const { problem, advice } = rejection
  return html`<p id="rejected">Rejected: ${problem}${advice === undefined ? '' : ` — ${advice}`}</p>`
}

function facts(database: Database, status: CollectorStatus): Html {
  const { collector, last, lastSuccess, runs } = status
  const due = dueAt(database, status)
  const took = last === undefined ? 'none yet' : `took ${formatSeconds(last.seconds)}`
  const success = lastSuccess === undefined ? 'never' : `${formatAge(Date.now() / 1000 - lastSuccess)} ago`
  const next = due === undefined ? 'after the quorum' : `in ${formatAge((due - Date.now()) / 1000)}`
  const settle =
    collector.settle === undefined
      ? undefined
      : html`<small>windows settle after ${formatDuration(collector.settle)}</small>`
  return html`<dl class="facts">
${fact('Last run', html`<span>${took}</span> ${plotRuns(runs)}`)}
${fact('Last success', html`${success}`)}
${fact('Next run', html`<span>${next}</span> <small>every ${formatDuration(status.interval)}</small>`)}
${fact('Limits', html`<span>timeout ${formatDuration(status.timeout)}</span> ${settle}`)}
</dl>`
}

function fact(title: string, content: Html): Html {
  return html`<div><dt>${title}</dt><dd>${content}</dd></div>`
}

function statementOf({ statement }: CollectorStatus): Html {
  if (statement === undefined) return html`<p>Not run yet.</p>`
  return html`<p>As last sent:</p>
<pre tabindex="0" aria-label="SQL">${dedent(statement)}</pre>`
}

function explainForm(status: CollectorStatus): Html {
  return html`<form method="post" action="${pathOf(status, '/explain')}">
<button>Explain</button> <small>shows PostgreSQL's plan for the query, without running it</small>
</form>`
}

function planOf(plan: Plan): Html | undefined {
  if (plan === undefined) return undefined
  return plan instanceof Error
    ? html`<p id="plan" class="failing">No plan: ${describeError(plan)}</p>`
    : html`<pre id="plan" tabindex="0" aria-label="Plan">${plan.join('\n')}</pre>`
}

function searchForm(status: CollectorStatus, search: string): Html {
  const { database } = status
  const hidden =
    database === undefined ? undefined : html`<input type="hidden" name="database" value="${database}">`
  return html`<form method="get" action="${pathOf(status)}#samples" role="search">
${hidden}<label>Search <input type="search" name="search" value="${search}"></label> <button>Search</button>
</form>`
}

/** Returns SQL without the indentation that it has in its file. */
function dedent(sql: string): string {
  const lines = sql.split('\n').filter((line, i, all) => line.trim() !== '' || (i > 0 && i < all.length - 1))
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/))
  const least = Math.min(...indents)
  return lines.map((line) => line.slice(least)).join('\n')
}
