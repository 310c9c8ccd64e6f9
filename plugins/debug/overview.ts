// The page of all collectors. Imports src/ and its own folder only.
import type { Setting } from '../../src/config/shown.ts'
import { version } from '../../src/config/version.ts'
import { TABS } from '../../src/health/condition.ts'
import { type Html, html } from '../../src/html/html.ts'
import { legend } from '../../src/html/strip.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { lines } from './databases.ts'
import { type Fragments, titleOf } from './fragments.ts'
import { page } from './page.ts'
import { table } from './rows.ts'
import { judge, type Look } from './subject.ts'

/** What a page was asked to show of its rows. */
export interface Selection {
  /** A part of the names of collectors. */
  readonly search: string
  /** One of the tabs; any other text is all of them. */
  readonly state: string
}

/** Renders the whole page as it is now. */
export function overview(look: Look, fragments: Fragments, selection: Selection): Html {
  const { subject } = look
  const verdict = judge(look)
  return page(
    titleOf(verdict, subject.name),
    html`${header(look, fragments)}
<main>
<section id="health" class="verdict" role="status" aria-label="Health">${fragments.get('health')}</section>
<p id="pulse" class="pulse">${fragments.get('pulse')}</p>
${collectors(look, fragments, selection)}
<div class="pair"><section aria-labelledby="round-title"><h2 id="round-title">Last round</h2>
<div id="round">${fragments.get('round')}</div></section>
<section aria-labelledby="events-title"><h2 id="events-title">Events <small><a href="/debug/events">JSON</a></small></h2>
<div id="happenings">${fragments.get('happenings')}</div></section></div>
${service(subject.settings, fragments)}
<noscript><p>Without JavaScript, this page does not update itself.</p></noscript>
</main>
<script type="module" src="/debug/assets/live.js"></script>`,
    verdict.level,
  )
}

function header({ subject, database }: Look, fragments: Fragments): Html {
  const nav =
    database === undefined
      ? undefined
      : html`<nav aria-label="Breadcrumb"><a href="/debug">${subject.name}</a></nav>`
  return html`<header>
<div>${nav}<h1>${database ?? subject.name}</h1><p><small>Metrics service ${version} · times in UTC</small></p></div>
<form method="post" action="/debug/collect"><button>Collect now</button>
<span id="pause">${fragments.get('pause')}</span> <button formaction="/debug/reload">Reload</button>
<output id="answer"></output></form>
</header>`
}

function collectors(look: Look, fragments: Fragments, { search, state }: Selection): Html {
  const { databases, database } = look
  const words = { failing: 'Failing', warning: 'Warnings', waiting: 'Waiting', ok: 'OK' }
  const tab = (value: string, word: string, count?: Html) => {
    const checked = state === value ? html` checked` : undefined
    return html`<label><input type="radio" name="state" value="${value}"${checked}>${word} ${count}</label>`
  }
  const tabs = TABS.map((value) =>
    tab(value, words[value], html`<b id="count.${value}">${fragments.get(`count.${value}`)}</b>`),
  )
  const hidden =
    database === undefined ? undefined : html`<input type="hidden" name="database" value="${database}">`
  const [only] = databases
  const history = only?.collectors.list[0]?.history
  const rows = databases.length === 1 && only !== undefined ? table(only, look, search) : lines(look, search)
  return html`<section id="collectors" aria-labelledby="collectors-title"><h2 id="collectors-title">${databases.length === 1 ? 'Collectors' : 'Databases'}</h2>
<form method="get" action="/debug" role="search" class="filter">${hidden}
<fieldset class="tabs"><legend>State</legend>${tab('', 'All')}${tabs}</fieldset>
<label>Search <input type="search" name="search" value="${search}" id="search"></label><noscript><button>Show</button></noscript></form>
${rows}
${history === undefined ? undefined : legend(formatDuration(history.span))}
</section>`
}

function service(settings: readonly Setting[], fragments: Fragments): Html {
  const fact = (title: string, id: string) =>
    html`<div><dt>${title}</dt><dd id="${id}">${fragments.get(id)}</dd></div>`
  return html`<section aria-labelledby="service-title"><h2 id="service-title">Service</h2>
<dl class="facts">
${fact('Endpoints', 'endpoints')}
${fact('Process', 'process')}
${fact('Folder of collectors', 'folder')}
</dl>
${configuration(settings)}
<ul class="links">
<li><a href="/debug/collectors">Status of each collector, as JSON</a></li>
<li><a href="/debug/pprof/">Profiles and a flame graph of the process</a></li>
</ul></section>`
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
