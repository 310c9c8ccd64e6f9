import type { Setting } from '../../src/config/shown.ts'
import { version } from '../../src/config/version.ts'
import type { Database } from '../../src/database.ts'
import { type Html, html } from '../../src/html/html.ts'
import { type Fragments, idOf } from './fragments.ts'
import { pathOf } from './links.ts'
import { page } from './page.ts'

const COLUMNS = {
  state: 'State',
  last: 'Last run',
  series: 'Series',
  success: 'Last success',
  due: 'Next run',
}

/** The whole page, as it is now. */
export function overview(
  databases: readonly Database[],
  settings: readonly Setting[],
  fragments: Fragments,
): Html {
  const live = (id: string) => fragments.get(id)
  const headings = Object.values(COLUMNS).map(
    (title) => html`<th role="columnheader" scope="col">${title}</th>`,
  )
  const tables = databases.map(({ name: database, collectors }) => {
    const rows = collectors.list.map((status) => {
      const cell = ([column, title]: [string, string]) => {
        const id = idOf(status, column)
        return html`<td role="cell" id="${id}" data-title="${title}">${live(id)}</td>`
      }
      const error = idOf(status, 'error')
      return html`<tbody role="rowgroup">
<tr role="row"><th role="rowheader" scope="row"><a href="${pathOf(status)}">${status.collector.name}</a></th>${Object.entries(COLUMNS).map(cell)}</tr>
<tr role="row" class="error"><td role="cell" colspan="6" id="${error}">${live(error)}</td></tr>
</tbody>
`
    })
    return html`<h2>Collectors${database === undefined ? undefined : html` of ${database}`}</h2>
<table role="table" class="collectors">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Collector</th>${headings}</tr></thead>
${rows}</table>
`
  })
  const rows = settings.map(
    ({ name, value, given }) =>
      html`<tr><th scope="row">${name}</th><td>${value}</td><td>${given ? 'set' : 'default'}</td></tr>
`,
  )
  return page(
    'Metrics service',
    html`<header>
<h1>Metrics service <small>${version}</small></h1>
<p id="health" role="status">${live('health')}</p>
<form method="post" action="/debug/collect"><button>Collect now</button> <output id="answer"></output></form>
</header>
<main>
<dl class="facts">
<div><dt>Round</dt><dd id="round">${live('round')}</dd></div>
<div><dt>Next tick</dt><dd id="tick">${live('tick')}</dd></div>
<div><dt>Database</dt><dd id="database">${live('database')}</dd></div>
<div><dt>Process</dt><dd id="process">${live('process')}</dd></div>
</dl>
${tables}
<h2>Configuration</h2>
<details><summary>What is in effect, without secrets</summary>
<div class="scroll" tabindex="0" role="group" aria-label="Configuration">
<table class="settings">
<thead><tr><th scope="col">Variable</th><th scope="col">Value</th><th scope="col">Source</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>
</details>
<h2>More</h2>
<ul>
<li><a href="/debug/collectors">What each collector did last, as JSON</a></li>
<li><a href="/debug/pprof/">Profiles of the process</a></li>
</ul>
<noscript><p>Without scripting this page shows what was so when it was loaded.</p></noscript>
</main>
<script type="module" src="/debug/assets/live.js"></script>`,
  )
}
