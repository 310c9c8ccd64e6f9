import type { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Database } from '../../src/database.ts'
import { describeError } from '../../src/finding.ts'
import { type Html, html } from '../../src/html/html.ts'
import { plotRuns, plotSeries } from '../../src/html/plot.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { formatAge, formatSeconds } from '../../src/time/age.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { dueAt, nameOf } from './links.ts'

/** Milliseconds apart are the timers by whose delay that of the event loop is known. */
export const RESOLUTION = 20

/** From one such timer to the next, in nanoseconds. */
export type Delay = ReturnType<typeof monitorEventLoopDelay>

/** The pieces of the overview that change by themselves, by the id of the element that each is in. */
export type Fragments = ReadonlyMap<string, Html>

export function fragmentsOf(databases: readonly Database[], delay: Delay): Fragments {
  const now = performance.now()
  const fragments = new Map<string, Html>([
    ['health', health(databases, now)],
    ['round', round(databases, now)],
    ['tick', tick(databases)],
    ['database', html`${databases.map(databaseOf)}`],
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

/** The id of a cell: names of databases and collectors have no dots in them. */
export function idOf({ database, collector }: CollectorStatus, column: string): string {
  return [database, collector.name, column].filter((part) => part !== undefined).join('.')
}

function health(databases: readonly Database[], now: number): Html {
  const waiting = databases.find(({ db }) => !db.quorate)
  if (waiting !== undefined) {
    const { db, name } = waiting
    const of = name === undefined ? '' : ` of ${name}`
    return html`<span class="failing">Waiting for the database quorum${of}: ${db.votes} of ${db.required} votes</span>`
  }
  const statuses = databases.flatMap(({ collectors }) => [...collectors.list])
  const states = statuses.map((status) => status.state(now))
  const unwell = statuses.filter((_, i) => states[i] === 'failing' || states[i] === 'stale')
  if (unwell.length > 0) {
    const names = unwell.map(nameOf).join(', ')
    const verb = unwell.length === 1 ? 'fails' : 'fail'
    return html`<span class="failing">${unwell.length} of ${states.length} collectors ${verb}: ${names}</span>`
  }
  if (states.includes('waiting')) return html`<span class="waiting">The first round is running</span>`
  return html`<span class="ok">${states.length === 1 ? 'The collector works' : `All ${states.length} collectors work`}</span>`
}

function round(databases: readonly Database[], now: number): Html {
  const running = databases.flatMap(({ round }) => round.progress ?? [])
  if (running.length > 0) {
    const [done, total] = (['done', 'total'] as const).map((field) =>
      running.reduce((sum, progress) => sum + progress[field], 0),
    )
    const started = Math.min(...running.map((progress) => progress.started))
    return html`<span>running: ${done} of ${total} collectors, ${formatSeconds((now - started) / 1000)}</span>
<progress max="${total}" value="${done}" aria-label="Collectors that are done"></progress>`
  }
  const slowest = databases
    .flatMap(({ collectors }) => [...collectors.list])
    .reduce<CollectorStatus | undefined>(
      (slowest, status) => ((status.last?.seconds ?? -1) > (slowest?.last?.seconds ?? -1) ? status : slowest),
      undefined,
    )
  if (slowest?.last === undefined) return html`none yet`
  return html`<span>none is running</span>
<small>slowest collector: ${nameOf(slowest)}, ${formatSeconds(slowest.last.seconds)}</small>`
}

function tick(databases: readonly Database[]): Html {
  const durations = new Set(databases.map(({ ticker }) => formatDuration(ticker.length)))
  const every = html`<small>every ${[...durations].join(', ')}</small>`
  const next = databases.flatMap(({ ticker }) => ticker.nextTickAt ?? [])
  if (next.length === 0) return html`<span>after the quorum</span> ${every}`
  return html`<span>in ${formatAge((Math.min(...next) - Date.now()) / 1000)}</span> ${every}`
}

function databaseOf({ db, name: database, leader }: Database): Html {
  const endpoints = db.endpoints.map(({ name, up, role, error }) => {
    const word = !up ? 'away' : role?.inRecovery ? 'standby' : 'primary'
    const use = name === db.current ? html` <span class="use">in use</span>` : undefined
    const reason = error === undefined ? undefined : html`<small>${error}</small>`
    return html`<li><span class="${up ? 'ok' : 'failing'}">${word}</span> ${name}${use} ${reason}</li>`
  })
  const leads = leader.trustedUntil > performance.now() ? 'this replica leads' : 'another replica leads'
  const lead = leader.elected ? html` <small>${leads}</small>` : undefined
  const title = database === undefined ? '' : `${database}: `
  return html`<span>${title}${db.votes} of ${db.endpoints.length} answer</span> <small>${db.required} needed at the start</small>${lead}<ul>${endpoints}</ul>`
}

function processOf(delay: Delay): Html {
  const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20)
  const lag =
    delay.count === 0
      ? 'event loop: not measured yet'
      : `event loop ${formatSeconds(late(delay.mean))} late, at most ${formatSeconds(late(delay.max))}`
  return html`<span>up ${formatAge(process.uptime())}</span> <small>${megabytes} MB resident, Node.js ${process.version}</small> <small>${lag}</small>`
}

/** Seconds that a timer fired late. */
function late(nanoseconds: number): number {
  return Math.max(nanoseconds / 1e6 - RESOLUTION, 0) / 1000
}

function cells(of: Database, status: CollectorStatus, now: number): Record<string, Html> {
  const { last, lastSuccess, error, runs, backoffTicks } = status
  const state = status.state(now)
  const rarer = backoffTicks > 1 ? html` <small>every ${backoffTicks} ticks</small>` : undefined
  const due = dueAt(of, status)
  const old = status.lastSuccess !== undefined && status.isStale(now)
  return {
    state: html`<span class="${state}">${state}</span>${rarer}`,
    last: html`<div class="trend"><span>${last === undefined ? '–' : formatSeconds(last.seconds)}</span>${plotRuns(runs)}</div>`,
    series: html`<div class="trend"><span>${status.shown(now).series.toLocaleString('en')}</span>${plotSeries(runs)}</div>`,
    success: html`<span class="${old ? 'failing' : ''}">${lastSuccess === undefined ? 'never' : `${formatAge(Date.now() / 1000 - lastSuccess)} ago`}</span>`,
    due: html`${due === undefined ? '–' : `in ${formatAge((due - Date.now()) / 1000)}`}`,
    error: html`${error === undefined ? undefined : describeError(error)}`,
  }
}
