/** One comparison of the benchmark: two measures of the same thing, with their units. */
export interface Row {
  readonly what: string
  readonly ours: string
  readonly against: string
  /** `ours` divided by `against`: below 1 where ours is the smaller. */
  readonly ratio: number
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

/** A measure with the words that say where it was taken. */
export type Measure = readonly [number, string]

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
  const cells = rows.map(({ what, ours, against, ratio, goal }) => {
    return [what, ours, against, formatRatio(ratio), ...(goal === undefined ? ['', ''] : judge(ratio, goal))]
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
  const text = ([number, where]: Measure) => `${format(number)} ${where}`.trim()
  return { what, ours: text(ours), against: text(against), ratio: ours[0] / against[0], goal }
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
