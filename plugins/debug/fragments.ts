import type { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
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

export function fragmentsOf(app: FastifyInstance, delay: Delay): Fragments {
  const now = performance.now()
  const fragments = new Map<string, Html>([
    ['health', health(app, now)],
    ['round', round(app, now)],
    ['tick', tick(app)],
    ['database', html`${app.databases.map(databaseOf)}`],
    ['process', processOf(delay)],
  ])
  for (const scope of app.databases) {
    for (const status of scope.collectors.list) {
      for (const [column, content] of Object.entries(cells(scope, status, now))) {
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

function health({ databases }: FastifyInstance, now: number): Html {
  const waiting = databases.find(({ db }) => !db.quorate)
  if (waiting !== undefined) {
    const { db, database } = waiting
    const of = database.name === undefined ? '' : ` of ${database.name}`
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

function round({ databases }: FastifyInstance, now: number): Html {
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

function tick({ databases, config }: FastifyInstance): Html {
  const every = html`<small>every ${formatDuration(config.METRICS_TICK_DURATION)}</small>`
  const next = databases.flatMap(({ ticker }) => ticker.nextTickAt ?? [])
  if (next.length === 0) return html`<span>after the quorum</span> ${every}`
  return html`<span>in ${formatAge((Math.min(...next) - Date.now()) / 1000)}</span> ${every}`
}

function databaseOf({ db, database, leader, config }: FastifyInstance): Html {
  const endpoints = db.endpoints.map(({ name, up, role, error }) => {
    const word = !up ? 'away' : role?.inRecovery ? 'standby' : 'primary'
    const use = name === db.current ? html` <span class="use">in use</span>` : undefined
    const reason = error === undefined ? undefined : html`<small>${error}</small>`
    return html`<li><span class="${up ? 'ok' : 'failing'}">${word}</span> ${name}${use} ${reason}</li>`
  })
  const leads = leader.trustedUntil > performance.now() ? 'this replica leads' : 'another replica leads'
  const lead = config.LEADER_ELECTION ? html` <small>${leads}</small>` : undefined
  const title = database.name === undefined ? '' : `${database.name}: `
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

function cells(scope: FastifyInstance, status: CollectorStatus, now: number): Record<string, Html> {
  const { last, lastSuccess, error, runs, backoffTicks } = status
  const state = status.state(now)
  const rarer = backoffTicks > 1 ? html` <small>every ${backoffTicks} ticks</small>` : undefined
  const due = dueAt(scope, status)
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
