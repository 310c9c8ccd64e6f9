// A line for each database, where there are several. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { conditionOf, TABS, type Tab } from '../../src/health/condition.ts'
import { leads, standingBy } from '../../src/health/database-problems.ts'
import { type Html, html } from '../../src/html/html.ts'
import { strip } from '../../src/html/strip.ts'
import { History } from '../../src/round/history.ts'
import { table } from './rows.ts'
import { type Look, MOST_ROWS } from './subject.ts'

/** So many rows of all databases are shown without being asked for. */
const FEW_ROWS = 60

/** Renders what the line of a database says: how many of its collectors are how, and its last hour. */
export function summary(database: Database, { now, date }: Look): Html {
  const { collectors, db, ticker } = database
  const cells = History.together(
    collectors.list.map(({ history }) => history),
    date,
  )
  const state = !db.quorate
    ? html`<span class="failing">waiting for its quorum</span>`
    : leads(database, now)
      ? counts(database, now)
      : html`<span class="waiting">${standingBy({ ...database, name: undefined })}</span>`
  return html`<span class="counts">${state}</span>${strip(cells, ticker.length)}`
}

function counts({ collectors }: Database, now: number): Html[] {
  const tabs = collectors.list.map((status) => conditionOf(status, now).tab)
  return TABS.flatMap((tab) => {
    const number = tabs.filter((other) => other === tab).length
    return number === 0 ? [] : html`<span class="${tab}">${number} ${tab}</span> `
  })
}

/** Renders databases as lines, those with collectors that fail first. */
export function lines(look: Look, search: string): Html {
  const { databases, now } = look
  const sorted = databases
    .map((database, place) => ({
      rank: TABS.indexOf(worst(database, now)),
      text: line(database, place, look, search),
    }))
    .toSorted((a, b) => a.rank - b.rank)
  return html`<div id="databases">${sorted.map(({ text }) => text)}</div>`
}

function worst(database: Database, now: number): Tab {
  if (!database.db.quorate) return 'failing'
  if (!leads(database, now)) return 'waiting'
  const tabs = database.collectors.list.map((status) => conditionOf(status, now).tab)
  return TABS.find((tab) => tabs.includes(tab)) ?? 'ok'
}

/** Renders a database as a line that opens to its collectors, or to a link to them where there are too many of all. */
function line(database: Database, place: number, look: Look, search: string): Html {
  const { name = '', collectors } = database
  const all = look.databases.reduce((sum, { collectors }) => sum + collectors.list.length, 0)
  const link = html`<a href="/debug?database=${name}">${collectors.list.length} collectors of ${name}</a>`
  const failing = collectors.list.some((status) => conditionOf(status, look.now).tab === 'failing')
  const open = all <= FEW_ROWS || (all <= MOST_ROWS && failing)
  return html`<details class="database" id="database.${name}" data-place="${place}"${open ? html` open` : undefined}>
<summary><b>${name}</b><span id="${name}.summary" class="summary">${summary(database, look)}</span></summary>
<p>${link}</p>
${all <= MOST_ROWS ? table(database, look, search) : undefined}</details>
`
}
