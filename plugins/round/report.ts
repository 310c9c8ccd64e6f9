// Reports on a collector's query and its plan. Imports src/ and its own folder only.
import type { ReportOptions } from '../../src/check/inspector.ts'
import type { Report } from '../../src/check/report.ts'
import { type Sent, sqlWarnings } from '../../src/check/sql-warnings.ts'
import { valueWarnings } from '../../src/check/value-warnings.ts'
import type { Collector } from '../../src/contract/collector.ts'
import { lint } from '../../src/contract/lint.ts'
import { definitionWarnings } from '../../src/contract/meant.ts'
import { type Finding, findingOf } from '../../src/finding.ts'
import { renderFamilies } from '../../src/page/exposition.ts'
import type { Client } from '../../src/query/client.ts'
import { LostError } from '../../src/query/lost.ts'
import type { ZonelessColumn } from '../../src/query/zoneless.ts'
import { explainLimit } from '../../src/round/limit.ts'
import { wantsTable } from '../../src/round/shipped.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import type { Cell } from '../../src/rows/label-set.ts'
import { countRejected, type Rows } from '../../src/rows/rows.ts'
import { type Samples, samplesOf } from '../../src/samples/samples.ts'
import { formatSeconds } from '../../src/time/age.ts'
import { formatMoment, later, lengthOf, type Moment, type Window } from '../../src/time/moment.ts'
import { inSlices } from '../../src/time/slices.ts'
import { ask, explain } from './ask.ts'
import { foreignCode } from './foreign-code.ts'
import { type Inspection, inspect } from './inspect.ts'
import { placed, placeError } from './locate.ts'
import { rowLimit } from './run.ts'

/** Runs work in a transaction of the snapshot, within `timeout` milliseconds. */
export type Transact = <T>(timeout: number, work: (sql: Client) => PromiseLike<T>) => Promise<T>

/** Milliseconds for a question of our own about a query. */
const CATALOG_TIMEOUT = 5000

/** The limits of a run, from the configuration. */
export interface ReportLimits {
  /** The time of the snapshot. */
  readonly now: Moment
  /** The most series of a collector. */
  readonly budget: number
  /** Milliseconds of a tick. */
  readonly tick: number
}

/**
 * Plans and runs a collector's query once, both within its timeout, and reports what it finds. A windowed collector is
 * asked for its last interval or for the time in which its windows settle, whichever is longer: a run of the service
 * asks for no more while no run was missed.
 */
export async function reportOn(
  status: CollectorStatus,
  transact: Transact,
  { now, budget, tick }: ReportLimits,
  options: ReportOptions,
): Promise<Report> {
  const { collector, timeout, interval, file = null } = status
  const { settle } = collector
  const length = options.since ?? Math.max(interval, settle ?? 0)
  const window = { from: settle === undefined ? now : later(now, -length), to: now }
  const ends = performance.now() + timeout
  const left = () => Math.max(ends - performance.now(), 1)

  // First, because the plan of a query that takes too long is the one that is wanted. If it has none, its run says why.
  const inspection = await transact(left(), (sql) => inspect(collector, sql, window)).catch(() => undefined)
  const plan = options.explain
    ? await transact(left(), (sql) => explain(collector, sql, window)).catch(() => [])
    : []

  const started = performance.now()
  let samples: Samples | undefined
  let rows = 0
  const errors: Finding[] = []
  let wants = false
  const warnings: Finding[] = []
  try {
    let sent: Sent | undefined
    const heard = (what: Sent) => {
      sent = what
    }
    const given = await transact(left(), (sql) => ask(status, sql, window, rowLimit(budget), heard))
    rows = given.seen
    warnings.push(...valueWarnings(collector, given.sets, Number(now) / 1e6))
    if (sent !== undefined) warnings.push(...sqlWarnings(collector, sent))
    if (isEmpty(given, settle !== undefined) && inspection !== undefined && !inspection.empty)
      warnings.push(noRows(window, collector))
    samples = await inSlices(samplesOf(collector, given, budget))
    const { rejected, rejection } = samples
    if (rejection !== undefined) {
      const seen = rows === 1 ? '1 row' : `${rows} rows`
      const problem = `${countRejected(rejected)} rejected in ${seen}; the first: ${rejection.problem}`
      errors.push(await placed({ problem, advice: rejection.advice, about: rejection.about }, status))
    }
  } catch (thrown) {
    const error = thrown instanceof LostError ? thrown.cause : thrown
    await placeError(error, status)
    const elapsed = timeout - Math.max(ends - performance.now(), 0)
    wants = wantsTable(error)
    errors.push(findingOf(error instanceof Error ? explainLimit(error, status, elapsed, false) : error))
  }
  if (status.strays.last !== undefined) errors.push(findingOf(status.strays.last))
  const seconds = (performance.now() - started) / 1000
  const { statement } = status
  // An engine without these catalogs has nothing to warn of.
  const foreign =
    statement === undefined
      ? []
      : await transact(CATALOG_TIMEOUT, (sql) => foreignCode(sql, statement)).catch(() => [])
  const found = [
    ...definitionWarnings(collector, file, tick),
    ...(inspection === undefined ? [] : warningsOf(inspection)),
    ...foreign,
    ...warnings,
    ...lint(collector),
  ]
  return {
    name: collector.name,
    ...(status.database === undefined ? {} : { database: status.database }),
    file,
    errors,
    ...(wants ? { wantsTable: true } : {}),
    warnings: await Promise.all(found.map((finding) => placed(finding, status))),
    seconds,
    run:
      samples === undefined
        ? null
        : { rows, rejected: samples.rejected, series: samples.series, folded: samples.folded },
    cost: inspection?.cost ?? null,
    window: settle === undefined ? null : { from: formatMoment(window.from), to: formatMoment(window.to) },
    sequentialScans: inspection?.sequentialScans ?? [],
    missingIndexes: inspection?.missingIndexes ?? [],
    plan,
    samples: samples === undefined ? [] : firstLines(status, samples, options.samples),
  }
}

/** The report on a collector that is not for the server. */
export function idleReport({ collector, database, file }: CollectorStatus, idle: string): Report {
  return {
    name: collector.name,
    ...(database === undefined ? {} : { database }),
    file: file ?? null,
    idle,
    errors: [],
    warnings: [],
    seconds: 0,
    run: null,
    cost: null,
    window: null,
    sequentialScans: [],
    missingIndexes: [],
    plan: [],
    samples: [],
  }
}

function warningsOf({ sequentialScans, missingIndexes, zoneless }: Inspection): Finding[] {
  return [
    ...zoneless.map(zonelessWarning),
    ...sequentialScans.map(({ table, rows }) => ({
      problem: `it reads all of ${table}, about ${rows.toLocaleString('en')} rows`,
      advice: 'an index, a window or a longer interval makes it cheaper',
    })),
    ...(missingIndexes?.map(({ table, columns }) => ({
      problem: `no index serves its window on ${table}`,
      advice: `write: CREATE INDEX ON ${table} (${columns.join(', ')})`,
    })) ?? [
      {
        problem: 'its window is in no condition on a table, so that each run reads all of it',
        advice: `write: WHERE create_time > \${from} AND create_time <= \${to}`,
      },
    ]),
  ]
}

function zonelessWarning({ table, column, type }: ZonelessColumn): Finding {
  const compared = `its window is compared with ${table}.${column}, which is a ${type}`
  if (type === 'date') {
    return {
      problem: `${compared}: a row is in the window of its day's midnight in UTC, and is lost if it comes later in the day`,
      advice: 'compare with the moment of the row, a timestamptz, or count days with a gauge',
    }
  }
  return {
    problem: `${compared} without time zone, and so read as UTC`,
    advice: `write: ${column} > \${from} AT TIME ZONE 'UTC', or if it is a local time: ${column} AT TIME ZONE 'Europe/Berlin' > \${from}`,
  }
}

/** Whether a query found nothing: no row, or in a window one that has nothing. */
function isEmpty({ seen, sets }: Rows, windowed: boolean): boolean {
  if (seen !== 1 || !windowed) return seen === 0
  const [only] = sets
  return only !== undefined && only.labels.length === 0 && only.values.every(isZero)
}

function isZero(value: Cell): boolean {
  return value === undefined || (typeof value === 'object' ? value.every((part) => part === 0) : value === 0)
}

function noRows({ from, to }: Window, { settle }: Collector): Finding {
  const unseen = 'so that nothing of its values and labels was looked at'
  if (settle === undefined) {
    const problem = `its query returns no row, ${unseen}`
    return { problem, advice: 'look at its WHERE: what it reads has rows', about: 'query' }
  }
  const problem = `no row is in its window of ${formatSeconds(lengthOf({ from, to }) / 1000)}, ${unseen}`
  return { problem, advice: 'look at older rows: check --since 24h', about: 'window' }
}

/** The first lines of what the service would show. */
function firstLines({ collector, database }: CollectorStatus, { sets }: Samples, count: number): string[] {
  const lines: string[] = []
  for (const chunk of renderFamilies(collector, sets, 'text', undefined, database)) {
    if (lines.length >= count) break
    lines.push(...String(chunk).trimEnd().split('\n'))
  }
  return lines.slice(0, count)
}
