import type { Collector, CollectorMetric } from '../../src/contract/collector.ts'
import type { Database } from '../../src/database.ts'
import { describeError } from '../../src/finding.ts'
import { type Html, html } from '../../src/html/html.ts'
import { plotRuns } from '../../src/html/plot.ts'
import { renderFamilies } from '../../src/page/exposition.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { formatAge, formatSeconds } from '../../src/time/age.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { dueAt, nameOf, pathOf } from './links.ts'
import { page } from './page.ts'

/** How many samples a page shows. */
const SHOWN = 1000

/** What came of the wish for a plan. */
type Plan = readonly string[] | Error | undefined

/** The page of a collector; `search` is what the samples that are shown have in them. */
export async function collectorPage(
  of: Database,
  status: CollectorStatus,
  search: string,
  plan: Plan,
): Promise<Html> {
  const { collector, database, file, last, lastSuccess, error, runs, statement } = status
  const now = performance.now()
  const state = status.state(now)
  const due = dueAt(of, status)
  return page(
    `${nameOf(status)} – Metrics service`,
    html`<header>
<nav aria-label="Breadcrumb"><a href="/debug">All collectors</a></nav>
<h1>${nameOf(status)}</h1>
${file === undefined ? undefined : html`<p><small>${file}</small></p>`}
<p><span class="${state}">${state}</span>${error === undefined ? undefined : html`: ${describeError(error)}`}</p>
<form method="post" action="/debug/collect?collector=${collector.name}${database === undefined ? '' : `&database=${database}`}"><button>Collect it now</button></form>
</header>
<main>
<dl class="facts">
<div><dt>Last run</dt><dd><span>${last === undefined ? 'none yet' : `took ${formatSeconds(last.seconds)}`}</span> ${plotRuns(runs)}</dd></div>
<div><dt>Last success</dt><dd>${lastSuccess === undefined ? 'never' : `${formatAge(Date.now() / 1000 - lastSuccess)} ago`}</dd></div>
<div><dt>Next run</dt><dd><span>${due === undefined ? 'after the quorum' : `in ${formatAge((due - Date.now()) / 1000)}`}</span> <small>every ${formatDuration(status.interval)}</small></dd></div>
<div><dt>Limits</dt><dd><span>${formatDuration(status.timeout)} for a run</span> ${collector.settle === undefined ? undefined : html`<small>windows settle after ${formatDuration(collector.settle)}</small>`}</dd></div>
</dl>
<h2>Metrics</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Metrics"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Help</th></tr></thead>
<tbody>${collector.metrics.map(metricRow)}</tbody>
</table></div>
<h2>Labels</h2>
${labels(collector)}
<h2>SQL</h2>
${statement === undefined ? html`<p>It was not sent yet.</p>` : html`<p>As it was last sent:</p><pre tabindex="0" aria-label="SQL">${dedent(statement)}</pre>`}
<form method="post" action="${pathOf(status, '/explain')}"><button>Explain</button> <small>has PostgreSQL plan the query, without running it</small></form>
${plan === undefined ? undefined : planSection(plan)}
<h2 id="samples">Samples on the page now</h2>
<form method="get" action="${pathOf(status)}#samples" role="search">
${database === undefined ? undefined : html`<input type="hidden" name="database" value="${database}">`}<label>Search <input type="search" name="search" value="${search}"></label> <button>Search</button>
</form>
${await samples(status, search, now)}
</main>`,
  )
}

function metricRow({ name, type, help, buckets }: CollectorMetric): Html {
  const bounds = type === 'histogram' ? html` <small>le ${buckets.join(', ')}</small>` : undefined
  return html`<tr><th scope="row">${name}</th><td>${type}${bounds}</td><td>${help}</td></tr>`
}

function labels({ labels }: Collector): Html {
  if (labels.length === 0) return html`<p>It has none: one series for each metric.</p>`
  const rows = labels.map(({ name, values, limit }) => {
    const known = values === undefined ? `open: the ${limit} largest, the rest is other` : values.join(', ')
    return html`<div><dt>${name}</dt><dd>${known}</dd></div>`
  })
  return html`<dl class="labels">${rows}</dl>`
}

function planSection(plan: NonNullable<Plan>): Html {
  return plan instanceof Error
    ? html`<p id="plan" class="failing">No plan: ${describeError(plan)}</p>`
    : html`<pre id="plan" tabindex="0" aria-label="Plan">${plan.join('\n')}</pre>`
}

/** The lines of the page that have `search` in them; HELP and TYPE are above already. */
async function samples(status: CollectorStatus, search: string, now: number): Promise<Html> {
  const wanted = search.toLowerCase()
  const found: string[] = []
  let count = 0
  const { collector, database } = status
  for (const chunk of renderFamilies(collector, status.shown(now).sets, 'text', undefined, database)) {
    for (const line of chunk.split('\n')) {
      if (line === '' || line.startsWith('#') || !line.toLowerCase().includes(wanted)) continue
      count++
      if (found.length < SHOWN) found.push(line)
    }
    // A page of a million samples is gone through in slices.
    await new Promise(setImmediate)
  }
  const all = count.toLocaleString('en')
  const told = count > SHOWN ? `The first ${SHOWN.toLocaleString('en')} of ${all}:` : `${all} found.`
  return html`<p role="status">${told}</p><pre tabindex="0" aria-label="Samples">${found.join('\n')}</pre>`
}

/** SQL without the indentation that it has in its file. */
function dedent(sql: string): string {
  const lines = sql.split('\n').filter((line, i, all) => line.trim() !== '' || (i > 0 && i < all.length - 1))
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/))
  const least = Math.min(...indents)
  return lines.map((line) => line.slice(least)).join('\n')
}
