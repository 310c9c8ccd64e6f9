// The pieces of the overview that change by themselves. Imports src/ and its own folder only.
import { conditionOf, TABS, type Tab } from '../../src/health/condition.ts'
import type { Verdict } from '../../src/health/verdict.ts'
import { type Html, html } from '../../src/html/html.ts'
import type { Reloads } from '../../src/round/reload.ts'
import { formatAge } from '../../src/time/age.ts'
import { summary } from './databases.ts'
import { endpoints } from './endpoints.ts'
import { type Delay, processOf } from './event-loop.ts'
import { happenings } from './happenings.ts'
import { idOf } from './links.ts'
import { lastRound, pulse } from './round.ts'
import { cells } from './rows.ts'
import { hasRows, judge, type Look } from './subject.ts'
import { verdictOf } from './verdict.ts'

/** The pieces of HTML, by the id of the element that each is in. */
export type Fragments = ReadonlyMap<string, Html>

/** Renders every fragment as it is now. */
export function fragmentsOf(look: Look, delay: Delay): Fragments {
  const { databases, subject, now } = look
  const verdict = judge(look)
  const fragments = new Map<string, Html>([
    ['health', verdictOf(verdict, look.date)],
    ['title', html`${titleOf(verdict, subject.name)}`],
    ['pulse', pulse(look)],
    ['pause', pauseOf(subject.paused())],
    ['round', lastRound(look)],
    ['happenings', happenings(look)],
    ['endpoints', endpoints(databases)],
    ['folder', folderOf(subject.reloads(), look.date)],
    ['process', processOf(delay)],
  ])
  const tabs = databases.flatMap(({ collectors }) =>
    collectors.list.map((status) => conditionOf(status, now).tab),
  )
  for (const tab of TABS) fragments.set(`count.${tab}`, html`${countOf(tabs, tab)}`)
  for (const database of databases) {
    if (databases.length > 1) fragments.set(`${database.name}.summary`, summary(database, look))
    if (!hasRows(look)) continue
    for (const status of database.collectors.list) {
      for (const [column, content] of Object.entries(cells(database, status, look))) {
        fragments.set(idOf(status, column), content)
      }
    }
  }
  return fragments
}

/** What the tab of a browser is called. */
export function titleOf({ level, headline, problems: [only, ...others] }: Verdict, name: string): string {
  const problem = only === undefined || others.length > 0 ? headline : only.what
  return `${level === 'ok' ? 'OK' : level === 'standby' ? 'Standing by' : problem} · ${name}`
}

function countOf(tabs: readonly Tab[], tab: Tab): string {
  return tabs.filter((other) => other === tab).length.toLocaleString('en')
}

function pauseOf(paused: number | undefined): Html {
  return paused === undefined
    ? html`<button formaction="/debug/pause" title="Stop asking the databases; values stay and grow old">Pause</button>`
    : html`<button formaction="/debug/resume" class="primary">Resume</button>`
}

/** The folder of collectors, when it was last read without a problem, and what was wrong the last time. */
function folderOf(reloads: Reloads | undefined, date: number): Html {
  if (reloads === undefined) return html`none`
  const { folder, last, lastSuccess } = reloads
  const read =
    lastSuccess === undefined ? 'never without a problem' : `read ${formatAge(date / 1000 - lastSuccess)} ago`
  const state = html`<span class="${last.success ? 'ok' : 'failing'}">${read}</span>`
  return html`${state} <small>${folder}</small>
<ul>${last.problems.map((problem) => html`<li><small>${problem}</small></li>`)}</ul>`
}
