import { UsageError } from '../config/arguments.ts'
import { findingOf } from '../finding.ts'
import { parseDuration } from '../time/duration.ts'

/** What was answered about a label: its values, or the limit of an open one. */
export interface LabelAnswer {
  readonly values: readonly string[] | undefined
  readonly limit: number
}

/** What was answered about a metric. */
export interface MetricAnswer {
  readonly name: string | undefined
  readonly type: 'gauge' | 'counter' | 'timestamp' | undefined
  readonly help: string | undefined
}

/** What was answered beforehand; the rest is proposed. */
export interface Answers {
  readonly labels: ReadonlyMap<string, LabelAnswer>
  readonly metrics: ReadonlyMap<string, MetricAnswer>
  readonly interval: string | undefined
  /** The column of the window; "none" for none. */
  readonly window: string | undefined
  readonly settle: string | undefined
  readonly force: boolean
}

export const NO_WINDOW = 'none'

const TYPES = ['gauge', 'counter', 'timestamp'] as const
const OPEN = /^open\((\d{1,9})\)$/

/** Reads the answers among the options. Throws a UsageError that says what an option takes. */
export function answersOf(options: {
  readonly label?: readonly string[] | undefined
  readonly metric?: readonly string[] | undefined
  readonly interval?: string | undefined
  readonly window?: string | undefined
  readonly settle?: string | undefined
  readonly force: boolean
}): Answers {
  const { label = [], metric = [], interval, window, settle, force } = options
  for (const [name, text] of Object.entries({ interval, settle })) {
    if (text !== undefined) checkDuration(name, text)
  }
  return {
    labels: new Map(label.map((text) => pair('label', text, 'COLUMN=open(20) or COLUMN=a,b,c', readLabel))),
    metrics: new Map(
      metric.map((text) =>
        pair('metric', text, 'COLUMN=NAME, COLUMN=NAME:TYPE or COLUMN=NAME:TYPE:HELP', readMetric),
      ),
    ),
    interval,
    window,
    settle,
    force,
  }
}

/** Reads the values of a label: `open(20)`, or a list with commas. Undefined when it is neither. */
export function readLabel(text: string): LabelAnswer | undefined {
  const limit = Number(OPEN.exec(text.trim())?.[1])
  if (limit > 0) return { values: undefined, limit }
  const values = text.split(',').map((value) => value.trim())
  return values.includes('') || text.trim().startsWith('open(')
    ? undefined
    : { values: [...new Set(values)], limit: 0 }
}

function readMetric(text: string): MetricAnswer | undefined {
  const [name = '', type, ...help] = text.split(':')
  const known = TYPES.find((other) => other === type)
  if (type !== undefined && type !== '' && known === undefined) return undefined
  const said = help.join(':')
  return { name: name === '' ? undefined : name, type: known, help: said === '' ? undefined : said }
}

function pair<T>(
  option: string,
  text: string,
  takes: string,
  read: (text: string) => T | undefined,
): readonly [string, T] {
  const at = text.indexOf('=')
  const value = at > 0 ? read(text.slice(at + 1)) : undefined
  if (value === undefined) throw new UsageError(`--${option} is "${text}": it takes ${takes}`)
  return [text.slice(0, at), value]
}

function checkDuration(option: string, text: string): void {
  try {
    parseDuration(text)
  } catch (cause) {
    throw new UsageError(`--${option} ${findingOf(cause).problem}`, { cause })
  }
}
