// The last round, and when the next one is. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { type Html, html } from '../../src/html/html.ts'
import { waterfall } from '../../src/html/waterfall.ts'
import { formatAge, formatSeconds } from '../../src/time/age.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { pathOf } from './links.ts'
import type { Look } from './subject.ts'

/** Says in one line how the last round was and when the next one is, or how far the running one is. */
export function pulse({ databases, now, date }: Look): Html {
  const running = databases.flatMap(({ round }) => round.progress ?? [])
  const next = databases.flatMap(({ ticker }) => ticker.nextTickAt ?? [])
  const ticks = [...new Set(databases.map(({ ticker }) => formatDuration(ticker.length)))].join(', ')
  const wait =
    next.length === 0 ? 'no tick yet' : `next tick in ${formatAge((Math.min(...next) - date) / 1000)}`
  const tick = `${wait}, every ${ticks}`
  if (running.length > 0) {
    const done = running.reduce((sum, progress) => sum + progress.done, 0)
    const total = running.reduce((sum, progress) => sum + progress.total, 0)
    const started = Math.min(...running.map((progress) => progress.started))
    const names = runningNames(databases)
    const seconds = formatSeconds((now - started) / 1000)
    return html`<span>Round running: ${done} of ${total} collectors, ${seconds}${names}</span>
<progress max="${total}" value="${done}" aria-label="Collectors that are done"></progress><span>${tick}</span>`
  }
  const last = latest(databases)?.round.trace
  if (last?.ended === undefined) return html`<span>No round yet</span><span>${tick}</span>`
  const ago = formatAge((now - last.ended) / 1000)
  const took = formatSeconds((last.ended - last.started) / 1000)
  return html`<span>Last round ${ago} ago, ${took}</span><span>${tick}</span>`
}

function runningNames(databases: readonly Database[]): string {
  const names = databases.flatMap(({ round }) =>
    round.progress === undefined
      ? []
      : (round.trace?.spans.flatMap(({ status, ended }) => (ended === undefined ? status.name : [])) ?? []),
  )
  if (names.length === 0) return ''
  return `: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`
}

/** Draws the round that runs or was the last; of several databases that of the one whose round took the longest. */
export function lastRound({ databases, now, date }: Look): Html {
  const database = databases
    .filter(({ round }) => round.trace !== undefined)
    .toSorted((a, b) => length(b, now) - length(a, now))
    .at(0)
  const trace = database?.round.trace
  if (database === undefined || trace === undefined) return html`<p>No round yet.</p>`
  const which = database.name === undefined ? undefined : html`<p>Of ${database.name}:</p>`
  const link = (status: (typeof trace.spans)[number]['status']) =>
    html`<a href="${pathOf(status)}">${status.collector.name}</a>`
  return html`${databases.length > 1 ? which : undefined}${waterfall(trace, { collectors: database.collectors.list, tick: database.ticker.length, now, date, link })}`
}

function latest(databases: readonly Database[]): Database | undefined {
  return databases.toSorted((a, b) => (b.round.trace?.ended ?? 0) - (a.round.trace?.ended ?? 0)).at(0)
}

function length({ round: { trace } }: Database, now: number): number {
  return trace === undefined ? 0 : (trace.ended ?? now) - trace.started
}
