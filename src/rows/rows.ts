// Rows: what a query returned, accepted or rejected. Imports stages before it and src/finding.ts only.
import type { Collector, CollectorMetric } from '../contract/collector.ts'
import { placeColumns } from '../query/columns.ts'
import { dictionariesOf } from './dictionary.ts'
import { readHistogram, readLabel, readNumber } from './field.ts'
import { type Cell, itemAt, REJECTED, zeroOf } from './label-set.ts'
import { LabelTable } from './label-table.ts'
import { badLabel, badObservations, badValue, duplicate, type Rejection } from './rejection.ts'
import { UnknownSets } from './unknown-sets.ts'

/** Why a row, or one value of it, was rejected: a bad value, a bad label, or a label set that another row had already. */
export const REASONS = ['value', 'label', 'duplicate'] as const
export type Reason = (typeof REASONS)[number]

/** What was rejected of a query's result: rows, values of other rows, and observations of histograms. */
export interface Rejections {
  readonly rejected: Readonly<Record<Reason, number>>
  /** Why the first was rejected. */
  readonly rejection: Rejection | undefined
}

export const NOTHING_REJECTED: Rejections = {
  rejected: { value: 0, label: 0, duplicate: 0 },
  rejection: undefined,
}

/** Adds up the rejections of several queries. */
export function rejectionsIn(queries: readonly Rows[]): Rejections {
  return queries.map((rows) => rows.rejections()).reduce(addRejections, NOTHING_REJECTED)
}

/** Leaves out of a run's rejections those that the run before it had counted in its open window. */
export function newRejections(
  { rejected, rejection }: Rejections,
  before: Rejections['rejected'],
): Rejections {
  const left = (reason: Reason) => Math.max(rejected[reason] - before[reason], 0)
  return {
    rejected: { value: left('value'), label: left('label'), duplicate: left('duplicate') },
    rejection,
  }
}

function addRejections(a: Rejections, b: Rejections): Rejections {
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

/** How many were rejected. */
export function countRejected(rejected: Rejections['rejected']): number {
  return REASONS.reduce((sum, reason) => sum + rejected[reason], 0)
}

/**
 * Takes the rows of one query as they arrive, and turns each into the cells of one label set. A bad label costs the row, a
 * bad value its own sample, a bad observation itself.
 */
export class Rows {
  readonly collector: Collector
  #places: readonly number[] = []
  readonly #table: LabelTable
  readonly #rejected: Record<Reason, number> = { value: 0, label: 0, duplicate: 0 }
  #rejection: Rejection | undefined
  readonly #unknown = new UnknownSets()
  #hasUnlisted = false
  #seen = 0

  /** `dictionaries` has one for each label, which an earlier run may have filled. */
  constructor(collector: Collector, dictionaries = dictionariesOf(collector.labels)) {
    this.collector = collector
    this.#table = new LabelTable(dictionaries, collector.metrics)
  }

  /** Takes the names of the query's columns. Throws a Mistake that names each missing, unexpected or repeated one. */
  columns(names: readonly string[]): void {
    this.#places = placeColumns(this.collector, names)
  }

  /** For each label, then each metric: the index of its column. */
  get places(): readonly number[] {
    return this.#places
  }

  /**
   * Takes a row by the ids of its labels, all of them listed, and the values of its metrics; false when nothing was done with
   * it, for another one has these labels.
   */
  addNumbers(ids: ArrayLike<number>, numbers: ArrayLike<number>): boolean {
    if (!this.#table.addNumbers(ids, numbers)) return false
    this.#seen++
    return true
  }

  /** Takes a row with a field for each column; false when it is rejected. */
  add(row: readonly unknown[]): boolean {
    const { labels, metrics, settle } = this.collector
    this.#seen++
    const fields = this.#places.map((column) => row[column])
    const texts: string[] = []
    for (const [i, label] of labels.entries()) {
      const given = fields[i]
      const text = readLabel(given)
      const isListed = text !== undefined && (label.values?.includes(text) ?? true)
      if (text === undefined || !(isListed || label.other)) {
        this.#unknown.add(this.collector, fields)
        return this.#reject('label', () => badLabel(label, given))
      }
      if (!isListed) this.#hasUnlisted = true
      texts.push(text)
    }
    let cells = metrics.map((metric, i) => this.#read(metric, fields[labels.length + i]))
    if (settle !== undefined && cells.includes(REJECTED)) {
      // It adds nothing to the totals, and does not begin any.
      if (cells.every((cell) => cell === REJECTED)) return false
      cells = cells.map((cell, i) => (cell === REJECTED ? zeroOf(itemAt(metrics, i)) : cell))
    }
    if (this.#table.add(texts, cells)) return true
    return this.#reject('duplicate', () => duplicate(labels, texts))
  }

  #read(metric: CollectorMetric, given: unknown): Cell {
    // Nothing happened in a window is nothing to add.
    if (given === null) return this.collector.settle === undefined ? undefined : zeroOf(metric)
    if (metric.type === 'histogram') {
      const { parts = REJECTED, rejected = 0 } = readHistogram(given, metric) ?? {}
      if (rejected > 0) this.#reject('value', () => badObservations(metric, rejected), rejected)
      if (parts === REJECTED) this.#reject('value', () => badValue(metric, given))
      return parts
    }
    const value = readNumber(given)
    if (value !== undefined && !(metric.type === 'counter' && value < 0)) return value
    this.#reject('value', () => badValue(metric, given))
    return REJECTED
  }

  /** There are no more rows. */
  complete(): void {
    this.#table.complete()
  }

  /** How many rows the query returned. */
  get seen(): number {
    return this.#seen
  }

  /** How many rows were taken. */
  get length(): number {
    return this.#table.length
  }

  /** The rows that were taken, each with the labels that the query returned. */
  get sets(): LabelTable {
    return this.#table
  }

  /** The label sets that rejected rows may have had. */
  get unknown(): UnknownSets {
    return this.#unknown
  }

  /** Whether a row has a value that its closed label does not list; it counts as "other". */
  get hasUnlisted(): boolean {
    return this.#hasUnlisted
  }

  /** Whether all rows can keep their labels: closed labels list them, and open ones are within their limits. */
  get isWithinLimits(): boolean {
    const { labels } = this.collector
    return !this.#hasUnlisted && labels.every(({ limit }, i) => this.#table.cardinality(i) <= limit)
  }

  /** How much was rejected, and why the first was. */
  rejections(): Rejections {
    return { rejected: { ...this.#rejected }, rejection: this.#rejection }
  }

  #reject(reason: Reason, why: () => Rejection, count = 1): false {
    this.#rejected[reason] += count
    this.#rejection ??= why()
    return false
  }
}
