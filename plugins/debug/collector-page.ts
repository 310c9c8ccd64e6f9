// The page of one collector. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { type Html, html } from '../../src/html/html.ts'
import { sql } from '../../src/html/sql.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { type CollectorView, samplesPath } from './collector-view.ts'
import { labelList, metricTable } from './contents.ts'
import { collectPath, pathOf } from './links.ts'
import { page } from './page.ts'
import { planOf } from './plans.ts'
import type { SampleSelection } from './samples.ts'
import type { Look } from './subject.ts'

/** Renders the page of a collector. */
export async function collectorPage(
  database: Database,
  status: CollectorStatus,
  look: Look,
  view: CollectorView,
  selection: SampleSelection,
): Promise<Html> {
  const { collector } = status
  const fragments = await view.fragments()
  const part = (id: string) => html`<div id="${id}">${fragments.get(id)}</div>`
  return page(
    fragments.get('title'),
    html`${header(database, status, look, fragments.get('condition'))}
<main data-live="${view.live}">
${part('why')}
<dl id="facts" class="facts">${fragments.get('facts')}</dl>
<section aria-labelledby="samples"><h2 id="samples">Samples on the page now</h2>
${searchForm(status, selection)}
${part('found')}</section>
<section aria-labelledby="sql"><h2 id="sql">SQL</h2>
${statementOf(status)}
<form method="post" action="${pathOf(status, '/explain')}">
<button>Explain</button> <small>shows PostgreSQL's plan for the query, without running it</small></form>
${planOf(status, look.date)}</section>
<section aria-labelledby="metrics"><h2 id="metrics">Metrics</h2>
${metricTable(collector, look.subject, status.database)}</section>
<section aria-labelledby="labels"><h2 id="labels">Labels</h2>
${labelList(collector)}</section>
</main>
<script type="module" src="/debug/assets/live.js"></script>`,
  )
}

function header(
  { name }: Database,
  status: CollectorStatus,
  { subject }: Look,
  condition: Html | undefined,
): Html {
  const path = status.file === undefined ? undefined : html`<p><small>${status.file}</small></p>`
  const database = name === undefined ? undefined : html` / <a href="/debug?database=${name}">${name}</a>`
  return html`<header>
<div><nav aria-label="Breadcrumb"><a href="/debug">${subject.name}</a>${database}</nav>
<h1>${status.name} <small id="condition">${condition}</small></h1>${path}</div>
<form method="post" action="${collectPath(status)}"><button>Collect it now</button> <output id="answer"></output></form>
</header>`
}

function statementOf({ statement }: CollectorStatus): Html {
  if (statement === undefined) return html`<p>Not run yet.</p>`
  return html`<p>As last sent: <button type="button" data-copy="statement">Copy</button></p>
<pre id="statement" class="sql" tabindex="0" aria-label="SQL">${sql(statement)}</pre>`
}

function searchForm(status: CollectorStatus, { search, largest }: SampleSelection): Html {
  const { database } = status
  const hidden =
    database === undefined ? undefined : html`<input type="hidden" name="database" value="${database}">`
  const order = html`<a href="${samplesPath(status, { search, largest: !largest })}#samples">${largest ? 'In the order of the page' : 'Largest first'}</a>`
  return html`<form method="get" action="${pathOf(status)}#samples" role="search">
${hidden}${largest ? html`<input type="hidden" name="sort" value="value">` : undefined}<label>Search <input type="search" name="search" value="${search}"></label> <button>Search</button> ${order}
</form>`
}
