// Rows: what a query returned, accepted or rejected. Imports stages before it and src/finding.ts only.
import type { Collector } from '../contract/collector.ts'
import type { Finding } from '../finding.ts'
import { placeColumns } from '../query/columns.ts'
import { Dictionary } from './dictionary.ts'
import { readHistogram, readLabel, readNumber } from './field.ts'
import type { LabelSets, Value } from './label-set.ts'
import { LabelTable } from './label-table.ts'
import { badLabel, badValue, duplicate } from './rejection.ts'

/** Why a row was rejected: a bad value, a bad label, or a label set that another row had already. */
export const REASONS = ['value', 'label', 'duplicate'] as const
export type Reason = (typeof REASONS)[number]

/** The rows of a query that were rejected. */
export interface Rejections {
  readonly rejected: Readonly<Record<Reason, number>>
  /** Why the first row was rejected. */
  readonly rejection: Finding | undefined
}

/** Adds up the rejections of two queries of one run. */
export function addRejections(a: Rejections, b: Rejections): Rejections {
  return { rejected: addRejected(a.rejected, b.rejected), rejection: a.rejection ?? b.rejection }
}

/** The counts of two queries, reason by reason. */
export function addRejected(a: Rejections['rejected'], b: Rejections['rejected']): Rejections['rejected'] {
  return {
    value: a.value + b.value,
    label: a.label + b.label,
    duplicate: a.duplicate + b.duplicate,
  }
}

/** How many rows were rejected. */
export function countRejected(rejected: Rejections['rejected']): number {
  return REASONS.reduce((sum, reason) => sum + rejected[reason], 0)
}

/** Takes the rows of one query as they arrive, and turns each into the values of one label set, or rejects it. */
export class Rows {
  readonly #collector: Collector
  /** For each label, then each metric: the index of its column. */
  #columns: readonly number[] = []
  readonly #table: LabelTable
  readonly #rejected: Record<Reason, number> = { value: 0, label: 0, duplicate: 0 }
  #rejection: Finding | undefined
  #hasUnlisted = false

  /** `dictionaries` has one for each label, which an earlier run may have filled. */
  constructor(collector: Collector, dictionaries = collector.labels.map(() => new Dictionary())) {
    this.#collector = collector
    this.#table = new LabelTable(dictionaries, collector.metrics)
  }

  /** Takes the names of the query's columns. Throws a Mistake that names each missing, unexpected or repeated one. */
  columns(names: readonly string[]): void {
    this.#columns = placeColumns(this.#collector, names)
  }

  /** Takes a row with a field for each column; false when it is rejected. */
  add(row: readonly unknown[]): boolean {
    const { labels, metrics } = this.#collector
    const fields = this.#columns.map((column) => row[column])
    const texts: string[] = []
    for (const [i, label] of labels.entries()) {
      const given = fields[i]
      const text = readLabel(given)
      if (text === undefined) return this.#reject('label', () => badLabel(label, given))
      if (label.values !== undefined && !label.values.includes(text)) {
        if (!label.other) return this.#reject('label', () => badLabel(label, given))
        this.#hasUnlisted = true
      }
      texts.push(text)
    }
    const values: (Value | undefined)[] = []
    for (const [i, metric] of metrics.entries()) {
      const given = fields[labels.length + i]
      const value =
        metric.type === 'histogram' ? readHistogram(given, metric.buckets.length + 2) : readNumber(given)
      const absent = metric.type === 'timestamp' && given === null
      if (!absent && (value === undefined || (metric.type === 'counter' && Number(value) < 0))) {
        return this.#reject('value', () => badValue(metric, given))
      }
      values.push(value)
    }
    if (this.#table.add(texts, values)) return true
    return this.#reject('duplicate', () => duplicate(labels, texts))
  }

  /** How many rows were taken. */
  get length(): number {
    return this.#table.length
  }

  /** The rows that were taken, each with the labels that the query returned. */
  get sets(): LabelSets {
    return this.#table
  }

  /** Whether a row has a value that its closed label does not list; it counts as "other". */
  get hasUnlisted(): boolean {
    return this.#hasUnlisted
  }

  /** Whether all rows can keep their labels: closed labels list them, and open ones are within their limits. */
  get isWithinLimits(): boolean {
    const { labels } = this.#collector
    return !this.#hasUnlisted && labels.every(({ limit }, i) => this.#table.cardinality(i) <= limit)
  }

  /** How many rows were rejected, and why the first one was. */
  rejections(): Rejections {
    return { rejected: { ...this.#rejected }, rejection: this.#rejection }
  }

  #reject(reason: Reason, why: () => Finding): false {
    this.#rejected[reason]++
    this.#rejection ??= why()
    return false
  }
}
