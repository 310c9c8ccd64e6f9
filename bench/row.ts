import { median, quantile } from './median.ts'

/** One comparison of the benchmark: two measures of the same thing, with their units. */
export interface Row {
  readonly what: string
  readonly ours: string
  readonly against: string
  /** `ours` divided by `against`, pair by pair: below 1 where ours is the smaller. */
  readonly ratios: readonly number[]
  /** What the ratio should be, where that is agreed. */
  readonly goal?: Goal | undefined
}

/** What a part of the benchmark found, and what to say beside the table. */
export interface Findings {
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
}

/** Told what the benchmark does, and what it finds beside the numbers. */
export type Say = (line: string) => void

export type Goal = { readonly atLeast: number } | { readonly atMost: number }

/** The measures of one thing, in the order in which they were taken, with the words that say where. */
export type Measure = readonly [number | readonly number[], string]

/** Half of the ratios of the pairs are within this much of each other, as a part of their median, or say nothing. */
const NOISY = 0.5

/** A comparison of two times, in milliseconds. */
export function compareTimes(what: string, ours: Measure, against: Measure, goal?: Goal): Row {
  return compare(what, ours, against, formatTime, goal)
}

/** A comparison of how often two things happen in a second. */
export function compareRates(what: string, ours: Measure, against: Measure, goal?: Goal): Row {
  return compare(what, ours, against, formatRate, goal)
}

/** A comparison of two amounts of memory, in bytes. */
export function compareSizes(what: string, ours: Measure, against: Measure, goal?: Goal): Row {
  return compare(what, ours, against, formatSize, goal)
}

/** The rows as a Markdown table. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map(({ what, ours, against, ratios, goal }) => {
    const [low, ratio, high] = [quantile(ratios, 0.25), median(ratios), quantile(ratios, 0.75)]
    const noisy = high - low > NOISY * ratio
    const shown = noisy
      ? `${formatRatio(low)} to ${formatRatio(high)}: too noisy to tell`
      : formatRatio(ratio)
    if (goal === undefined) return [what, ours, against, shown, '', '']
    const [text, met] = judge(ratio, goal)
    return [what, ours, against, shown, text, noisy ? '' : met]
  })
  const head = ['What', 'Ours', 'Against', 'Ratio', 'Goal', 'Met']
  const lines = [head, ['---', '---', '---', '--:', '--:', '---'], ...cells]
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n')
}

export function formatTime(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`
  if (milliseconds < 1) return `${milliseconds.toFixed(2)} ms`
  return `${milliseconds.toFixed(milliseconds >= 100 ? 0 : 1)} ms`
}

export function formatSize(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}

function formatRate(rate: number): string {
  return `${rate.toLocaleString('en', { maximumFractionDigits: rate >= 100 ? 0 : 1 })} a second`
}

function compare(
  what: string,
  ours: Measure,
  against: Measure,
  format: (number: number) => string,
  goal: Goal | undefined,
): Row {
  const [mine, theirs] = [listOf(ours[0]), listOf(against[0])]
  const text = (numbers: readonly number[], where: string) => `${format(median(numbers))} ${where}`.trim()
  // Measures that were not taken in turns are compared with the median of the others.
  const beside = (i: number) => (mine.length === theirs.length ? theirs[i] : undefined) ?? median(theirs)
  const ratios = mine.map((number, i) => number / beside(i))
  return { what, ours: text(mine, ours[1]), against: text(theirs, against[1]), ratios, goal }
}

function listOf(numbers: number | readonly number[]): readonly number[] {
  return typeof numbers === 'number' ? [numbers] : numbers
}

function judge(ratio: number, goal: Goal): [string, string] {
  const [text, met] =
    'atLeast' in goal
      ? [`≥ ${goal.atLeast}`, ratio >= goal.atLeast]
      : [`≤ ${goal.atMost}`, ratio <= goal.atMost]
  return [text, met ? 'yes' : '**no**']
}

/** Two digits that mean something, however small: 0.0012, 0.97, 1.1, 104. */
function formatRatio(ratio: number): string {
  return ratio >= 1 ? ratio.toFixed(ratio >= 10 ? 0 : 2) : String(Number(ratio.toPrecision(2)))
}
