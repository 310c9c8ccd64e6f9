import { type Collector, OTHER } from '../contract/collector.ts'
import { placeColumns } from '../query/columns.ts'
import type { LabelSets, Value } from './label-set.ts'
import { Dictionary, Table } from './label-table.ts'
import { badLabel, badValue, duplicate } from './rejection.ts'

/** Why a row was rejected: a bad value, a bad label, or a label set that another row had already. */
export const REASONS = ['value', 'label', 'duplicate'] as const
export type Reason = (typeof REASONS)[number]

/** The rows of a query that do not stand. */
export interface Rejections {
  readonly rejected: Readonly<Record<Reason, number>>
  /** The first row that was rejected and why, in words. */
  readonly rejection: string | undefined
}

/** The rejections of two queries of one run. */
export function addRejections(a: Rejections, b: Rejections): Rejections {
  const rejected = { value: 0, label: 0, duplicate: 0 }
  for (const reason of REASONS) rejected[reason] = a.rejected[reason] + b.rejected[reason]
  return { rejected, rejection: a.rejection ?? b.rejection }
}

/** How many rows do not stand. */
export function countRejected(rejected: Rejections['rejected']): number {
  return REASONS.reduce((sum, reason) => sum + rejected[reason], 0)
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
/** As many digits are always a safe integer. */
const SAFE_DIGITS = 15
/** The longest label value, in characters: what is longer names nothing, and would make a page of its own. */
const LONGEST_LABEL = 1024

/** Takes the rows of one query as they arrive, and turns each into the values of one label set, or rejects it. */
export class Rows {
  readonly #collector: Collector
  /** For each label, then each metric: where its column stands. */
  #columns: readonly number[] = []
  readonly #table: Table
  readonly #rejected: Record<Reason, number> = { value: 0, label: 0, duplicate: 0 }
  #rejection: string | undefined
  #unlisted = false

  /** `dictionaries` are those of an earlier run, one for each label. */
  constructor(collector: Collector, dictionaries = collector.labels.map(() => new Dictionary())) {
    this.#collector = collector
    this.#table = new Table(dictionaries, collector.metrics)
  }

  /** Takes the names of the query's columns. Throws a Mistake that names each missing, unexpected or repeated one. */
  columns(names: readonly string[]): void {
    this.#columns = placeColumns(this.#collector, names)
  }

  /** Takes a row, a value for each column; false when it is rejected. */
  add(row: readonly unknown[]): boolean {
    const { labels, metrics } = this.#collector
    const texts: string[] = []
    for (const [i, label] of labels.entries()) {
      const given = row[this.#columns[i] ?? -1]
      const text = labelText(given)
      if (text === undefined) return this.#reject('label', () => badLabel(label, given))
      if (label.values !== undefined && !label.values.includes(text)) {
        if (!label.other) return this.#reject('label', () => badLabel(label, given))
        this.#unlisted = true
      }
      texts.push(text)
    }
    const values: (Value | undefined)[] = []
    for (const [i, metric] of metrics.entries()) {
      const given = row[this.#columns[labels.length + i] ?? -1]
      const value =
        metric.type === 'histogram' ? distribution(given, metric.buckets.length + 2) : decimal(given)
      const absent = metric.type === 'timestamp' && given === null
      if (!absent && (value === undefined || (metric.type === 'counter' && Number(value) < 0))) {
        return this.#reject('value', () => badValue(metric, given))
      }
      values.push(value)
    }
    if (this.#table.add(texts, values)) return true
    return this.#reject('duplicate', () => duplicate(labels, texts))
  }

  /** How many rows stand. */
  get length(): number {
    return this.#table.length
  }

  /** The rows that stand, an unlisted label value as "other", so that several may have the same labels. */
  sets(): LabelSets {
    if (!this.#unlisted) return this.#table
    const listed = this.#collector.labels.map(({ values }) => values)
    return Array.from(this.#table, ({ labels, values }) => ({
      labels: labels.map((text, i) => (listed[i]?.includes(text) === false ? OTHER : text)),
      values,
    }))
  }

  /** Whether each row can be shown as it is: with labels of its own, within the limits of the open ones. */
  get fit(): boolean {
    const { labels } = this.#collector
    return !this.#unlisted && labels.every(({ limit }, i) => this.#table.cardinality(i) <= limit)
  }

  /** What became of the rows that do not stand. */
  rejections(): Rejections {
    return { rejected: { ...this.#rejected }, rejection: this.#rejection }
  }

  #reject(reason: Reason, why: () => string): false {
    this.#rejected[reason]++
    this.#rejection ??= why()
    return false
  }
}

function labelText(given: unknown): string | undefined {
  if (typeof given === 'string') return given.length > LONGEST_LABEL ? undefined : given
  return typeof given === 'number' || typeof given === 'boolean' || typeof given === 'bigint'
    ? String(given)
    : undefined
}

/** A finite number; `count(*)`, `numeric` and `extract` arrive as texts. */
function decimal(given: unknown): number | undefined {
  const value = typeof given === 'string' ? digits(given) : typeof given === 'bigint' ? Number(given) : given
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** The number that a text is; most are a few digits, which need neither a pattern nor a parser. */
function digits(text: string): number {
  let value = 0
  for (let i = 0; i < text.length && i < SAFE_DIGITS; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return DECIMAL.test(text) ? Number(text) : Number.NaN
    value = value * 10 + digit
  }
  if (text !== '' && text.length <= SAFE_DIGITS) return value
  return DECIMAL.test(text) ? Number(text) : Number.NaN
}

/** What `observe` wrote: as many numbers, parted by spaces, as there are buckets, and the count and the sum. */
function distribution(given: unknown, length: number): readonly number[] | undefined {
  const values = typeof given === 'string' ? given.split(' ').map(decimal) : []
  return values.length === length && values.every((value) => value !== undefined) ? values : undefined
}
