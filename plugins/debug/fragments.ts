// The pieces of the overview that change by themselves. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { describeError } from '../../src/finding.ts'
import { type Html, html } from '../../src/html/html.ts'
import { plotRuns, plotSeries } from '../../src/html/plot.ts'
import { describeLeader } from '../../src/leader/lock.ts'
import type { Reloads } from '../../src/round/reload.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { formatAge, formatSeconds } from '../../src/time/age.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { type Delay, processOf } from './event-loop.ts'
import { dueAt, nameOf } from './links.ts'

/** The pieces of HTML, by the id of the element that each is in. */
export type Fragments = ReadonlyMap<string, Html>

/** Renders every fragment as it is now. */
export function fragmentsOf(databases: readonly Database[], delay: Delay, reloads?: Reloads): Fragments {
  const now = performance.now()
  const fragments = new Map<string, Html>([
    ['health', health(databases, now)],
    ['round', round(databases, now)],
    ['tick', tick(databases)],
    ['database', html`${databases.map(databaseOf)}`],
    ['folder', reloads === undefined ? html`` : folderOf(reloads)],
    ['process', processOf(delay)],
  ])
  for (const database of databases) {
    for (const status of database.collectors.list) {
      for (const [column, content] of Object.entries(cells(database, status, now))) {
        fragments.set(idOf(status, column), content)
      }
    }
  }
  return fragments
}

/** Returns the id of a cell. It is unique because names of databases and collectors have no dots. */
export function idOf({ database, collector }: CollectorStatus, column: string): string {
  return [database, collector.name, column].filter((name) => name !== undefined).join('.')
}

function health(databases: readonly Database[], now: number): Html {
  const waiting = databases.filter(({ db }) => !db.quorate)
  const parts = waiting.map(({ db, name }) => {
    const of = name === undefined ? '' : ` of ${name}`
    return html`<span class="failing">Waiting for the database quorum${of}: ${db.votes} of ${db.required} votes</span>`
  })
  const quorate = databases.filter((database) => !waiting.includes(database))
  const led = quorate.filter(({ leader }) => leader.trustedUntil > now)
  const unled = quorate.filter(({ leader }) => leader.trustedUntil <= now)
  for (const { name, leader } of unled) {
    if (leader.hindrance === undefined) continue
    parts.push(html`<span class="failing">${name === undefined ? '' : `${name}: `}${leader.hindrance}</span>`)
  }
  const statuses = led.flatMap(({ collectors }) => [...collectors.list])
  const states = statuses.map((status) => status.state(now))
  const failing = statuses.filter((_, i) => states[i] === 'failing' || states[i] === 'stale')
  if (failing.length > 0) {
    const names = failing.map(nameOf).join(', ')
    parts.push(
      html`<span class="failing">${failing.length} of ${states.length} collectors failing: ${names}</span>`,
    )
  }
  if (parts.length > 0) return html`${parts}`
  if (led.length === 0) return html`<span class="waiting">Standing by: ${unled.map(leadOf).join('; ')}</span>`
  if (states.includes('waiting')) return html`<span class="waiting">The first round is running</span>`
  const all = states.length === 1 ? '1 collector OK' : `All ${states.length} collectors OK`
  return html`<span class="ok">${all}</span>`
}

/** Says which replica leads a database, as far as that is known. */
function leadOf({ leader }: Database): string {
  const { trustedUntil, hindrance, leading } = leader
  if (trustedUntil > performance.now()) return 'this replica leads'
  if (hindrance !== undefined) return hindrance
  return leading === undefined ? 'no replica leads yet' : describeLeader(leading)
}

function round(databases: readonly Database[], now: number): Html {
  const running = databases.flatMap(({ round }) => round.progress ?? [])
  if (running.length > 0) {
    const done = running.reduce((sum, progress) => sum + progress.done, 0)
    const total = running.reduce((sum, progress) => sum + progress.total, 0)
    const started = Math.min(...running.map((progress) => progress.started))
    const seconds = formatSeconds((now - started) / 1000)
    return html`<span>running: ${done} of ${total} collectors, ${seconds}</span>
<progress max="${total}" value="${done}" aria-label="Collectors that are done"></progress>`
  }
  const ran = databases
    .flatMap(({ collectors }) => [...collectors.list])
    .flatMap((status) => (status.last === undefined ? [] : { status, seconds: status.last.seconds }))
  if (ran.length === 0) return html`none yet`
  const slowest = ran.reduce((slowest, run) => (run.seconds > slowest.seconds ? run : slowest))
  return html`<span>not running</span>
<small>slowest collector: ${nameOf(slowest.status)}, ${formatSeconds(slowest.seconds)}</small>`
}

function tick(databases: readonly Database[]): Html {
  const durations = new Set(databases.map(({ ticker }) => formatDuration(ticker.length)))
  const every = html`<small>every ${[...durations].join(', ')}</small>`
  const next = databases.flatMap(({ ticker }) => ticker.nextTickAt ?? [])
  if (next.length === 0) return html`<span>after the quorum</span> ${every}`
  return html`<span>in ${formatAge((Math.min(...next) - Date.now()) / 1000)}</span> ${every}`
}

/** The folder of collectors, when it was last read without a problem, and what was wrong the last time. */
function folderOf({ folder, last, lastSuccess }: Reloads): Html {
  const read =
    lastSuccess === undefined
      ? 'never without a problem'
      : `read ${formatAge(Date.now() / 1000 - lastSuccess)} ago`
  const state = last.success
    ? html`<span class="ok">${read}</span>`
    : html`<span class="failing">${read}</span>`
  return html`${state} <small>${folder}</small>
<ul>${last.problems.map((problem) => html`<li><small>${problem}</small></li>`)}</ul>`
}

function databaseOf(of: Database): Html {
  const { db, name: database, leader } = of
  const endpoints = db.endpoints.map(({ name, up, role, error }) => {
    const state = !up ? 'down' : role?.inRecovery ? 'standby' : 'primary'
    const use = name === db.current ? html` <span class="use">in use</span>` : undefined
    const reason = error === undefined ? undefined : html`<small>${error}</small>`
    return html`<li><span class="${up ? 'ok' : 'failing'}">${state}</span> ${name}${use} ${reason}</li>`
  })
  const lead = leader.elected ? html` <small>${leadOf(of)}</small>` : undefined
  const title = database === undefined ? '' : `${database}: `
  return html`<span>${title}${db.votes} of ${db.endpoints.length} endpoints up</span>
<small>${db.required} required at the start</small>${lead}
<ul>${endpoints}</ul>`
}

function cells(of: Database, status: CollectorStatus, now: number): Record<string, Html> {
  const { last, lastSuccess, error, runs, backoffTicks } = status
  const state = status.state(now)
  const backoff = backoffTicks > 1 ? html` <small>every ${backoffTicks} ticks</small>` : undefined
  const due = dueAt(of, status)
  const stale = lastSuccess !== undefined && status.isStale(now)
  const success = lastSuccess === undefined ? 'never' : `${formatAge(Date.now() / 1000 - lastSuccess)} ago`
  return {
    state: html`<span class="${state}">${state}</span>${backoff}`,
    last: trend(last === undefined ? '–' : formatSeconds(last.seconds), plotRuns(runs)),
    series: trend(status.shown(now).series.toLocaleString('en'), plotSeries(runs)),
    success: html`<span class="${stale ? 'failing' : ''}">${success}</span>`,
    due: html`${due === undefined ? '–' : `in ${formatAge((due - Date.now()) / 1000)}`}`,
    error: html`${error === undefined ? undefined : describeError(error)}`,
  }
}

function trend(value: string, plot: Html): Html {
  return html`<div class="trend"><span>${value}</span>${plot}</div>`
}
