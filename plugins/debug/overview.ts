// The page of all collectors. Imports src/ and its own folder only.
import type { Setting } from '../../src/config/shown.ts'
import { version } from '../../src/config/version.ts'
import type { Database } from '../../src/database.ts'
import { type Html, html } from '../../src/html/html.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { type Fragments, idOf } from './fragments.ts'
import { pathOf } from './links.ts'
import { page } from './page.ts'

/** Titles of the columns, by the name that is part of a cell's id. */
const COLUMNS = {
  state: 'State',
  last: 'Last run',
  series: 'Series',
  success: 'Last success',
  due: 'Next run',
}

/** Renders the whole page as it is now. */
export function overview(
  databases: readonly Database[],
  settings: readonly Setting[],
  fragments: Fragments,
): Html {
  return page(
    'Metrics service',
    html`${header(fragments)}
<main>
${facts(fragments)}
${databases.map((database) => collectorTable(database, fragments))}
<h2>Folder of collectors</h2>
<div id="folder">${fragments.get('folder')}</div>
<h2>Configuration</h2>
${configuration(settings)}
<h2>More</h2>
<ul>
<li><a href="/debug/collectors">The status of each collector, as JSON</a></li>
<li><a href="/debug/pprof/">Profiles of the process</a></li>
</ul>
<noscript><p>Without JavaScript, this page does not update itself.</p></noscript>
</main>
<script type="module" src="/debug/assets/live.js"></script>`,
  )
}

function header(fragments: Fragments): Html {
  return html`<header>
<h1>Metrics service <small>${version}</small></h1>
<p id="health" role="status">${fragments.get('health')}</p>
<form method="post" action="/debug/collect"><button>Collect now</button> <output id="answer"></output></form>
<form method="post" action="/debug/reload"><button>Reload</button></form>
</header>`
}

function facts(fragments: Fragments): Html {
  const fact = (title: string, id: string) =>
    html`<div><dt>${title}</dt><dd id="${id}">${fragments.get(id)}</dd></div>`
  return html`<dl class="facts">
${fact('Round', 'round')}
${fact('Next tick', 'tick')}
${fact('Database', 'database')}
${fact('Process', 'process')}
</dl>`
}

function collectorTable({ name: database, collectors }: Database, fragments: Fragments): Html {
  const headings = ['Collector', ...Object.values(COLUMNS)].map(
    (title) => html`<th role="columnheader" scope="col">${title}</th>`,
  )
  return html`<h2>Collectors${database === undefined ? undefined : html` of ${database}`}</h2>
<table role="table" class="collectors">
<thead role="rowgroup"><tr role="row">${headings}</tr></thead>
${collectors.list.map((status) => collectorRows(status, fragments))}</table>
`
}

function collectorRows(status: CollectorStatus, fragments: Fragments): Html {
  const cells = Object.entries(COLUMNS).map(([column, title]) => {
    const id = idOf(status, column)
    return html`<td role="cell" id="${id}" data-title="${title}">${fragments.get(id)}</td>`
  })
  const link = html`<a href="${pathOf(status)}">${status.collector.name}</a>`
  const error = idOf(status, 'error')
  return html`<tbody role="rowgroup">
<tr role="row"><th role="rowheader" scope="row">${link}</th>${cells}</tr>
<tr role="row" class="error"><td role="cell" colspan="6" id="${error}">${fragments.get(error)}</td></tr>
</tbody>
`
}

function configuration(settings: readonly Setting[]): Html {
  const row = ({ name, value, given }: Setting) =>
    html`<tr><th scope="row">${name}</th><td>${value}</td><td>${given ? 'set' : 'default'}</td></tr>
`
  return html`<details><summary>Settings in effect, without secrets</summary>
<div class="scroll" tabindex="0" role="group" aria-label="Configuration">
<table class="settings">
<thead><tr><th scope="col">Variable</th><th scope="col">Value</th><th scope="col">Source</th></tr></thead>
<tbody>
${settings.map(row)}</tbody>
</table>
</div>
</details>`
}
