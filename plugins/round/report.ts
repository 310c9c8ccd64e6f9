import type { Sql } from 'postgres'
import type { ReportOptions } from '../../src/check/inspector.ts'
import type { Report } from '../../src/check/report.ts'
import { shortInterval } from '../../src/contract/interval.ts'
import { lint } from '../../src/contract/lint.ts'
import { describeError } from '../../src/finding.ts'
import { renderFamilies } from '../../src/page/exposition.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { countRejected } from '../../src/rows/rows.ts'
import { type Samples, samplesOf } from '../../src/samples/samples.ts'
import { formatMoment, later, type Moment } from '../../src/time/moment.ts'
import { inSlices } from '../../src/time/slices.ts'
import { ask, explain } from './ask.ts'
import { type Inspection, inspect } from './inspect.ts'
import { rowLimit } from './run.ts'

/** Runs work in a transaction of the snapshot, within so many milliseconds. */
export type Transact = <T>(timeout: number, work: (sql: Sql) => PromiseLike<T>) => Promise<T>

/** What the service's configuration says of a run. */
export interface ReportLimits {
  /** The time of the snapshot. */
  readonly now: Moment
  /** Series that a collector may make. */
  readonly budget: number
  /** Milliseconds of a tick. */
  readonly tick: number
}

/**
 * Has a collector's query planned and run once, both within its timeout, and says what is to be said of it. A windowed
 * one is asked for its last interval or for the time in which its windows settle, whichever is longer: what a run of the
 * service asks at most while nothing was missed.
 */
export async function reportOn(
  status: CollectorStatus,
  transact: Transact,
  { now, budget, tick }: ReportLimits,
  options: ReportOptions,
): Promise<Report> {
  const { collector, timeout, interval, file = null } = status
  const { settle } = collector
  const window = { from: settle === undefined ? now : later(now, -Math.max(interval, settle)), to: now }
  const ends = performance.now() + timeout
  const left = () => Math.max(ends - performance.now(), 1)

  // First, for a query that takes too long is the one whose plan is wanted. If it has none, its run says why.
  const inspection = await transact(left(), (sql) => inspect(collector, sql, window)).catch(() => undefined)
  const plan = options.explain
    ? await transact(left(), (sql) => explain(collector, sql, window)).catch(() => [])
    : []

  const started = performance.now()
  let samples: Samples | undefined
  let rows = 0
  const errors: string[] = []
  try {
    const given = await transact(left(), (sql) => ask(status, sql, window, rowLimit(budget)))
    rows = given.length + countRejected(given.rejections().rejected)
    samples = await inSlices(samplesOf(collector, given, budget))
    const rejected = countRejected(samples.rejected)
    if (rejected > 0) errors.push(`${rejected} of ${rows} rows rejected; the first: ${samples.rejection}`)
  } catch (error) {
    errors.push(describeError(error))
  }
  const short = shortInterval(collector, tick)
  return {
    name: collector.name,
    ...(status.database === undefined ? {} : { database: status.database }),
    file,
    errors,
    warnings: [...(short === undefined ? [] : [short]), ...warningsOf(inspection), ...lint(collector)],
    seconds: (performance.now() - started) / 1000,
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

function warningsOf(inspection: Inspection | undefined): string[] {
  if (inspection === undefined) return []
  const { sequentialScans, missingIndexes } = inspection
  return [
    ...sequentialScans.map(
      ({ table, rows }) =>
        `it reads all of ${table}, about ${rows.toLocaleString('en')} rows — an index, a window or a longer interval makes it cheaper`,
    ),
    ...(missingIndexes?.map(
      ({ table, columns }) =>
        `no index serves its window on ${table} — write: CREATE INDEX ON ${table} (${columns.join(', ')})`,
    ) ?? [
      `its window is in no condition on a table, so that each run reads all of it — write: WHERE create_time > \${from} AND create_time <= \${to}`,
    ]),
  ]
}

/** The first lines of what the service would show. */
function firstLines({ collector, database }: CollectorStatus, { sets }: Samples, count: number): string[] {
  const lines: string[] = []
  for (const chunk of renderFamilies(collector, sets, 'text', undefined, database)) {
    if (lines.length >= count) break
    lines.push(...chunk.trimEnd().split('\n'))
  }
  return lines.slice(0, count)
}
