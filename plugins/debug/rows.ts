// The row of a collector. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { type Html, html } from '../../src/html/html.ts'
import { strip } from '../../src/html/strip.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { formatAge, formatSeconds } from '../../src/time/age.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { dueAt, idOf, pathOf } from './links.ts'
import type { Look } from './subject.ts'

/** How a collector is, in a word, and the tab that it is in. */
export interface Condition {
  readonly word: string
  readonly tab: Tab
  /** Whether the cause is not its own, so that it is told once for all. */
  readonly away?: true
}

export const TABS = ['failing', 'warning', 'waiting', 'ok'] as const
export type Tab = (typeof TABS)[number]

/** Titles of the columns, by the name that is part of a cell's id. */
const COLUMNS = { state: 'State', last: 'Last run', series: 'Series', strip: 'Last hour', note: 'Note' }

/** How a collector is. `now` is of the monotonic clock. */
export function conditionOf(status: CollectorStatus, now: number): Condition {
  const state = status.state(now)
  const { last } = status
  if (state === 'waiting') return { word: 'waiting', tab: 'waiting' }
  if (last?.unavailable && state === 'failing') return { word: 'no database', tab: 'failing', away: true }
  if (state !== 'ok') return { word: state, tab: 'failing' }
  if (status.idle !== undefined) return { word: 'idle', tab: 'ok' }
  if (status.isStale(now)) return { word: 'stale', tab: 'failing' }
  if (last !== undefined && !(last.result instanceof Error)) {
    if (last.result.rejection !== undefined) return { word: 'rejecting', tab: 'warning' }
    if (last.result.folded > 0) return { word: 'folding', tab: 'warning' }
    if (status.nearsLimit) return { word: 'slow', tab: 'warning' }
  }
  return { word: 'ok', tab: 'ok' }
}

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
    .map((status) => ({ status, rank: TABS.indexOf(conditionOf(status, look.now).tab) }))
    .toSorted((a, b) => a.rank - b.rank)
  const headings = ['Collector', ...Object.values(COLUMNS)].map(
    (title) => html`<th role="columnheader" scope="col">${title}</th>`,
  )
  return html`<table role="table" class="collectors">
<thead role="rowgroup"><tr role="row">${headings}</tr></thead>
<tbody role="rowgroup">${statuses.map(({ status }) => row(of, status, look, search))}</tbody></table>
`
}

function row(of: Database, status: CollectorStatus, look: Look, search: string): Html {
  const { name } = status.collector
  const tds = Object.entries(cells(of, status, look)).map(
    ([column, content]) =>
      html`<td role="cell" class="c-${column}" id="${idOf(status, column)}">${content}</td>`,
  )
  const hidden = name.includes(search) ? undefined : html` hidden`
  return html`<tr role="row" id="${idOf(status)}"${hidden}><th role="rowheader" scope="row"><a href="${pathOf(status)}">${name}</a></th>${tds}</tr>
`
}
