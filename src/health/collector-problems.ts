import type { Database } from '../database.ts'
import { type Finding, findingOf, renderFinding } from '../finding.ts'
import { renderPlace } from '../place.ts'
import { findOnlyShipped, wantsTable } from '../round/shipped.ts'
import type { CollectorStatus } from '../round/status.ts'
import { countRejected } from '../rows/rows.ts'
import type { Samples } from '../samples/samples.ts'
import { formatClock, formatSeconds } from '../time/age.ts'
import { formatDuration } from '../time/duration.ts'
import { type Circumstances, count, type Problem } from './problem.ts'
import { valuesOf } from './values.ts'

/** Returns what is wrong with the collectors of databases that this replica collects. Those that fail alike are one problem. */
export function collectorProblems(databases: readonly Database[], given: Circumstances): Problem[] {
  const statuses = databases.flatMap(({ collectors, round }) =>
    collectors.list.filter(({ last }) => round.outage === undefined || last?.unavailable !== true),
  )
  const shipped = findOnlyShipped(
    statuses.map(({ file, error }) => ({ file, wantsTable: wantsTable(error) })),
  )
  const failing =
    shipped === undefined
      ? failures(statuses, given)
      : [{ severity: 'bad' as const, what: shipped.problem, action: shipped.advice, collectors: statuses }]
  return [...failing, ...old(statuses, given), ...statuses.flatMap(doubts), ...waiting(statuses)]
}

function failures(statuses: readonly CollectorStatus[], given: Circumstances): Problem[] {
  const alike = new Map<string, { readonly finding: Finding; readonly statuses: CollectorStatus[] }>()
  for (const status of statuses) {
    if (status.error === undefined) continue
    const finding = findingOf(status.error)
    const key = renderFinding({ problem: finding.problem })
    const same = alike.get(key)
    if (same === undefined) alike.set(key, { finding, statuses: [status] })
    else same.statuses.push(status)
  }
  return Array.from(alike, ([why, { finding, statuses }]): Problem => {
    const [first] = statuses
    const { advice, place } = finding
    const since = statuses.flatMap(({ failing }) => (failing === undefined ? [] : failing.since * 1000))
    const one = statuses.length === 1 ? first : undefined
    const runs = one?.failing?.runs ?? 0
    const pauses = (one?.backoffTicks ?? 0) > 1 ? `; it runs every ${one?.backoffTicks} ticks` : ''
    return {
      severity: 'bad',
      what: one === undefined ? `${count(statuses.length, 'collector')} fail` : `${one.name} fails`,
      since: since.length === 0 ? undefined : Math.min(...since),
      why: place === undefined || one === undefined ? why : `${why} (${renderPlace(place)})`,
      effect: `${valuesOf(statuses, given)}${runs > 1 ? `; ${runs} runs in a row` : ''}${pauses}`,
      action: advice,
      collectors: statuses,
    }
  })
}

/** Collectors whose last run succeeded too long ago. */
function old(statuses: readonly CollectorStatus[], { now, date }: Circumstances): Problem[] {
  const late = statuses.filter(
    (status) => status.error === undefined && status.last !== undefined && status.isStale(now),
  )
  const oldest = Math.min(...late.map(({ lastSuccess = 0 }) => lastSuccess * 1000))
  return late.length === 0
    ? []
    : [
        {
          severity: 'bad',
          what: `Values of ${late.length === 1 ? late.map(({ name }) => name).join() : count(late.length, 'collector')} are stale`,
          why: `the last run was at ${formatClock(oldest, date)}`,
          action: 'see why rounds do not end',
          collectors: late,
        },
      ]
}

/** What is not right though the last run succeeded. */
function doubts(status: CollectorStatus): Problem[] {
  const { last, error, collector } = status
  if (last === undefined || error !== undefined || last.result instanceof Error) return []
  return [rejected(status, last.result), folded(status, last.result), slow(status, last.seconds)]
    .filter((problem) => problem !== undefined)
    .map((problem) => ({
      severity: 'warn',
      collectors: [status],
      ...problem,
      what: `${collector.name} ${problem.what}`,
    }))
}

function rejected(status: CollectorStatus, { rejected, rejection, series }: Samples) {
  if (rejection === undefined) return undefined
  const { problem, advice } = rejection
  const number = countRejected(rejected)
  return {
    database: status.database,
    what:
      number === 0
        ? 'rejected rows that its next runs ask for again'
        : `rejects rows: ${number.toLocaleString('en')} in its last run`,
    why: problem,
    effect: series === 0 ? 'It has no series' : 'What was rejected is missing from its values',
    action: advice,
  }
}

function folded({ database }: CollectorStatus, { folded }: Samples) {
  if (folded === 0) return undefined
  return {
    database,
    what: `folds ${folded.toLocaleString('en')} series into "other"`,
    why: 'they are more than its limits',
    action: 'raise open(…) of its label, or COLLECTOR_MAX_SERIES; write top(…) where only the largest matter',
  }
}

function slow({ timeout, limit, nearsLimit, database, collector }: CollectorStatus, seconds: number) {
  if (!nearsLimit) return undefined
  const which =
    limit < timeout ? 'its interval' : collector.timeout === undefined ? 'COLLECTOR_TIMEOUT' : 'its timeout'
  return {
    database,
    what: `is slow: its last run took ${formatSeconds(seconds)}`,
    why: `that is more than half of ${formatDuration(limit)} (${which})`,
    action: 'an index, a window or a longer interval helps',
  }
}

function waiting(statuses: readonly CollectorStatus[]): Problem[] {
  const waiting = statuses.filter(({ last, error }) => last === undefined && error === undefined)
  if (waiting.length === 0) return []
  const all = waiting.length === statuses.length
  const what = all ? 'The first round is running' : `${count(waiting.length, 'collector')} not run yet`
  return [{ severity: 'wait', what, collectors: all ? [] : waiting }]
}
