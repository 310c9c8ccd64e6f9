// The row of a collector. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { conditionOf, TABS } from '../../src/health/condition.ts'
import { type Html, html } from '../../src/html/html.ts'
import { strip } from '../../src/html/strip.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { formatAge, formatSeconds } from '../../src/time/age.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { dueAt, idOf, pathOf } from './links.ts'
import type { Look } from './subject.ts'

/** Titles of the columns, by the name that is part of a cell's id. */
const COLUMNS = { state: 'State', last: 'Last run', series: 'Series', strip: 'Last hour', note: 'Note' }

/** Renders the cells of a collector, by their names. */
export function cells(
  of: Database,
  status: CollectorStatus,
  { now, date }: Look,
): Record<keyof typeof COLUMNS, Html> {
  const { last, history } = status
  const { word, tab, away } = conditionOf(status, now)
  const runs = of.round.trace?.spans.some((span) => span.status === status && span.ended === undefined)
  return {
    state: html`<span class="${tab}${away ? ' away' : ''}">${word}</span>${runs ? html` <span class="running">runs</span>` : undefined}`,
    last: html`${last === undefined || last.unavailable ? '–' : formatSeconds(last.seconds)}`,
    series: html`${status.shown(now).series.toLocaleString('en')}`,
    strip: strip(history.cells(date), status.limit),
    note: html`${noteOf(of, status, date)}`,
  }
}

/** Says when a collector runs, where that is not simply at the next tick. */
function noteOf(of: Database, status: CollectorStatus, date: number): string | undefined {
  const { backoffTicks, interval } = status
  const due = dueAt(of, status)
  const next = due === undefined ? '' : `, next in ${formatAge((due - date) / 1000)}`
  if (backoffTicks > 1) return `every ${backoffTicks} ticks while it times out${next}`
  return interval > of.ticker.length ? `every ${formatDuration(interval)}${next}` : undefined
}

/** Renders the table of a database's collectors, those that fail first. */
export function table(of: Database, look: Look, search: string): Html {
  const statuses = of.collectors.list
    .map((status, place) => ({ status, place, rank: TABS.indexOf(conditionOf(status, look.now).tab) }))
    .toSorted((a, b) => a.rank - b.rank)
  const headings = ['Collector', ...Object.values(COLUMNS)].map(
    (title) => html`<th role="columnheader" scope="col">${title}</th>`,
  )
  return html`<table role="table" class="collectors">
<thead role="rowgroup"><tr role="row">${headings}</tr></thead>
<tbody role="rowgroup">${statuses.map(({ status, place }) => row(of, status, place, look, search))}</tbody></table>
`
}

function row(of: Database, status: CollectorStatus, place: number, look: Look, search: string): Html {
  const { name } = status.collector
  const tds = Object.entries(cells(of, status, look)).map(
    ([column, content]) =>
      html`<td role="cell" class="c-${column}" id="${idOf(status, column)}">${content}</td>`,
  )
  const hidden = name.includes(search) ? undefined : html` hidden`
  return html`<tr role="row" id="${idOf(status)}" data-place="${place}"${hidden}><th role="rowheader" scope="row"><a href="${pathOf(status)}">${name}</a></th>${tds}</tr>
`
}
