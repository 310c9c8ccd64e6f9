import { count } from '../health/problem.ts'
import type { CollectorStatus } from '../round/status.ts'
import type { Span, Trace } from '../round/trace.ts'
import { formatClock, formatSeconds } from '../time/age.ts'
import { formatDuration } from '../time/duration.ts'
import { type Html, html } from './html.ts'

/** The most rows that are drawn: those that took the longest. */
const MOST = 25
/** A line for the tick is drawn where it is no further away than so many times the round. */
const NEAR = 1.6

/** What a waterfall is drawn with. `now` is of the monotonic clock, `date` since 1970, all in milliseconds. */
export interface WaterfallOptions {
  /** All collectors of the database: each has a row, so that rows stay where they are from round to round. */
  readonly collectors: readonly CollectorStatus[]
  readonly tick: number
  readonly now: number
  readonly date: number
  link(status: CollectorStatus): Html
}

/** Draws a round: each run as a bar on one axis of time, with the slot that it had. */
export function waterfall(trace: Trace, { collectors, tick, now, date, link }: WaterfallOptions): Html {
  const end = trace.ended ?? now
  const length = Math.max(end - trace.started, 0.1)
  const axis = tick > length && tick < length * NEAR ? tick * 1.02 : length
  const slots = slotsOf(trace.spans, end)
  const spans = new Map<CollectorStatus, Span[]>()
  for (const span of trace.spans) spans.set(span.status, [...(spans.get(span.status) ?? []), span])
  const timeOf = (status: CollectorStatus) =>
    (spans.get(status) ?? []).reduce((sum, span) => sum + durationOf(span, end), 0)
  const longest = new Set(collectors.toSorted((a, b) => timeOf(b) - timeOf(a)).slice(0, MOST))
  const place = (at: number) => `${((100 * Math.max(at - trace.started, 0)) / axis).toFixed(2)}%`
  const rows = collectors
    .filter((status) => longest.has(status))
    .map((status) => {
      const own = spans.get(status) ?? []
      const last = own.at(-1)
      const waits = trace.due.includes(status) && trace.ended === undefined ? 'waits' : 'not due'
      const state =
        last === undefined
          ? html`<small>${trace.ended !== undefined && trace.due.includes(status) ? 'not run' : waits}</small>`
          : html`${formatSeconds(timeOf(status) / 1000)}`
      const runs =
        last !== undefined && last.ended === undefined ? html`<span class="running"></span>` : undefined
      return html`<li><span class="name">${link(status)}</span><small>${last && slots.get(last)}</small>
${own.length === 0 ? html`<span></span>` : bars(own, { trace, end, place, tick })}<span class="number${last?.failed ? ' failing' : ''}">${runs}${state}</span></li>
`
    })
  const percent = (100 * length) / tick
  const share = percent < 1 ? 'less than 1' : Math.round(percent)
  const used = new Set(slots.values()).size
  const verb = trace.ended === undefined ? 'has run for' : 'took'
  const ran = new Set(trace.spans.map(({ status }) => status)).size
  const rest = collectors.length - longest.size
  return html`<p><small>${formatClock(trace.at, date)}: ${ran} of ${trace.due.length} due collectors in
${count(used, 'slot')}; it ${verb} ${formatSeconds(length / 1000)}, ${share}% of the tick of ${formatDuration(tick)}.</small></p>
<ol class="waterfall">${rows}</ol>
<p class="axis"><span class="ticks"><span>0</span><span>${formatSeconds(axis / 2000)}</span><span>${formatSeconds(axis / 1000)}</span></span></p>
${KEYS}${rest > 0 ? html`<p><small>${rest} others took less time.</small></p>` : undefined}`
}

const KEYS = html`<ul class="legend">${[
  ['wait', 'waits for a slot', 7, 2],
  ['connect', 'connects', 5, 6],
  ['query', 'queries', 2, 12],
  ['samples', 'makes samples', 4, 8],
  ['failed', 'failed', 2, 12],
  ['limit', 'timeout', 0, 16],
  ['tick', 'tick', 0, 16],
].map(
  ([kind = '', word, y, height]) =>
    html`<li><svg aria-hidden="true" viewBox="0 0 8 16" preserveAspectRatio="none"><rect class="w-${kind}" y="${y}" width="8" height="${height}"/></svg>${word}</li>`,
)}</ul>`

interface BarOptions {
  readonly trace: Trace
  readonly end: number
  readonly tick: number
  place(at: number): string
}

/** Draws the runs of a collector in one row. */
function bars(spans: readonly Span[], options: BarOptions): Html {
  const label = spans.map((span) => labelOf(span, options)).join('; again: ')
  return html`<svg role="img" aria-label="${label}"><title>${label}</title>${spans.map((span) => bar(span, options))}</svg>`
}

function labelOf({ begun, asked, answered, ended }: Span, { trace, end }: BarOptions): string {
  const until = ended ?? end
  return [
    `waited ${formatSeconds((begun - trace.started) / 1000)}`,
    `connected ${formatSeconds(((asked ?? until) - begun) / 1000)}`,
    ...(asked === undefined ? [] : [`queried ${formatSeconds(((answered ?? until) - asked) / 1000)}`]),
    ...(answered === undefined ? [] : [`made samples ${formatSeconds((until - answered) / 1000)}`]),
  ].join(', ')
}

function bar(span: Span, { trace, end, tick, place }: BarOptions): readonly (Html | undefined)[] {
  const { begun, asked, answered, ended = end } = span
  const part = (kind: string, from: number, to: number, y: number, height: number) => {
    if (to <= from) return undefined
    const width = place(trace.started + to - from)
    return html`<rect class="w-${kind}" x="${place(from)}" width="${width}" y="${y}" height="${height}"/>`
  }
  const line = (kind: string, at: number) =>
    html`<rect class="w-${kind}" x="${place(at)}" y="0" width="2" height="16"/>`
  return [
    part('wait', trace.started, begun, 7, 2),
    part('connect', begun, asked ?? ended, 5, 6),
    part(span.failed ? 'failed' : 'query', asked ?? ended, answered ?? ended, 2, 12),
    part('samples', answered ?? ended, ended, 4, 8),
    line('tick', trace.started + tick),
    line('limit', (asked ?? begun) + span.status.timeout),
  ]
}

/** The slot of each run: the first that is free when it has its turn. */
function slotsOf(spans: readonly Span[], end: number): Map<Span, number> {
  const free: number[] = []
  const slots = new Map<Span, number>()
  for (const span of spans) {
    const found = free.findIndex((until) => until <= span.begun)
    const slot = found < 0 ? free.length : found
    free[slot] = span.ended ?? end
    slots.set(span, slot + 1)
  }
  return slots
}

function durationOf({ begun, ended }: Span, end: number): number {
  return (ended ?? end) - begun
}
