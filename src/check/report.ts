import { type Finding, inOneLine } from '../finding.ts'
import { excerptOf, renderPlace } from '../place.ts'
import type { MissingIndex } from '../query/missing-index.ts'
import type { SequentialScan } from '../query/plan.ts'
import { countRejected, type Rejections } from '../rows/rows.ts'
import { formatSeconds } from '../time/age.ts'

/** What a check found in one collector: a row of the table, an entry of the JSON document. */
export interface Report {
  readonly name: string
  /** The name of the database that was asked, if that has one. */
  readonly database?: string
  /** The path of its file, if that is known. */
  readonly file: string | null
  /** Why it did not run: it is not for this server. */
  readonly idle?: string
  /** Why it fails or loses rows; empty when it does neither. */
  readonly errors: readonly Finding[]
  /** Whether it failed because a table is not there. */
  readonly wantsTable?: true
  /** What works and could be better. */
  readonly warnings: readonly Finding[]
  /** How long its query took, and making samples of the rows. */
  readonly seconds: number
  /** The result of its run; null if that failed. */
  readonly run: Run | null
  /** The planner's estimate of the query's cost, in its own unit; null when there is no plan. */
  readonly cost: number | null
  /** The window that an incremental collector was asked for: ISO 8601, after `from`, up to `to`. */
  readonly window: { readonly from: string; readonly to: string } | null
  readonly sequentialScans: readonly SequentialScan[]
  readonly missingIndexes: readonly MissingIndex[]
  /** The plan in lines of text, if it was asked for. */
  readonly plan: readonly string[]
  /** The first lines of what it would put on the page, if they were asked for. */
  readonly samples: readonly string[]
}

interface Run {
  /** Rows that the query returned. */
  readonly rows: number
  readonly rejected: Rejections['rejected']
  /** Series that it would put on the page. */
  readonly series: number
  /** Series that were folded into "other" because there was no room for them. */
  readonly folded: number
}

export type Verdict = 'ok' | 'warning' | 'error'

export function verdictOf({ errors, warnings }: Report): Verdict {
  return errors.length > 0 ? 'error' : warnings.length > 0 ? 'warning' : 'ok'
}

/** Whether no collector has an error; `strict` counts a warning as an error. */
export function passes(reports: readonly Report[], strict: boolean): boolean {
  return reports.every((report) => verdictOf(report) === 'ok' || (!strict && verdictOf(report) === 'warning'))
}

/** The cells of the table that a run fills, and all of them. */
type RunCells = readonly [rows: string, rejected: string, series: string, folded: string]
type Cells = readonly [...RunCells, time: string, cost: string]

const VERDICT = 'warning'.length + 2

/** The head of the table that `renderReport` fills; `width` is that of the longest name. */
export function renderHead(width: number): string {
  return line('', 'collector', width, ['rows', 'rejected', 'series', 'folded', 'time', 'cost'])
}

/** A collector's line of the table, and below it its findings. */
export function renderReport(report: Report, width: number): string {
  const { name, file, idle, errors, warnings, run, seconds, cost, window, plan, samples } = report
  const verdict = verdictOf(report)
  return [
    line(verdict, name, width, [
      ...cellsOf(run),
      formatSeconds(seconds),
      cost === null ? '-' : numeral(Math.round(cost)),
    ]),
    ...(verdict === 'ok' || file === null ? [] : [indent(`in ${file}`)]),
    ...(idle === undefined ? [] : [indent(`does not run here: ${idle}`)]),
    ...(window === null ? [] : [indent(`window: after ${window.from} up to ${window.to}`)]),
    ...errors.map((finding) => indent(spread('error', finding))),
    ...warnings.map((finding) => indent(spread('warning', finding))),
    ...section('plan', plan),
    ...section('samples', samples),
  ].join('')
}

function cellsOf(run: Run | null): RunCells {
  if (run === null) return ['-', '-', '-', '-']
  const { rows, rejected, series, folded } = run
  return [numeral(rows), numeral(countRejected(rejected)), numeral(series), numeral(folded)]
}

/** The last line. */
export function renderTotals(reports: readonly Report[]): string {
  const count = (verdict: Verdict) => reports.filter((report) => verdictOf(report) === verdict).length
  const [ok, warning, error] = [count('ok'), count('warning'), count('error')]
  const noun = reports.length === 1 ? 'collector' : 'collectors'
  return `${reports.length} ${noun}: ${ok} ok, ${warning} with warnings, ${error} with errors\n`
}

function line(verdict: string, name: string, width: number, cells: Cells): string {
  const [rows, rejected, series, folded, time, cost] = cells
  return [
    verdict.padEnd(VERDICT),
    name.padEnd(width),
    rows.padStart(8),
    rejected.padStart(10),
    series.padStart(9),
    folded.padStart(8),
    time.padStart(9),
    `${cost.padStart(12)}\n`,
  ].join('')
}

/** The problem, and on lines of their own its place with what is written there, and the advice. */
export function spread(kind: Verdict, { problem, place, advice }: Finding): string {
  return [
    `${kind}: ${inOneLine(problem)}`,
    ...(place === undefined
      ? []
      : [`at ${renderPlace(place)}`, ...excerptOf(place).map((line) => `  ${line}`)]),
    ...(advice === undefined ? [] : [inOneLine(advice)]),
  ].join('\n  ')
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [indent([`${title}:`, ...lines.map((text) => `  ${text}`)].join('\n'))]
}

function indent(text: string): string {
  const lines = text.split('\n').map((line) => ' '.repeat(VERDICT) + line)
  return `${lines.join('\n')}\n`
}

function numeral(value: number): string {
  return value.toLocaleString('en')
}
