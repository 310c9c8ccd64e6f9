import { type Collector, OTHER } from './collector.ts'
import { keyOf, type LabelSet, type Value } from './labelset.ts'

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

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
/** How much of a value a message shows. */
const SHOWN = 80

/** Takes the rows of one query as they arrive, and turns each into the values of one label set, or rejects it. */
export class Rows {
  readonly #collector: Collector
  /** For each label, then each metric: where its column stands. */
  #columns: readonly number[] = []
  readonly #sets = new Map<string, LabelSet>()
  readonly #rejected: Record<Reason, number> = { value: 0, label: 0, duplicate: 0 }
  #rejection: string | undefined
  #unlisted = false

  constructor(collector: Collector) {
    this.#collector = collector
  }

  /** Takes the names of the query's columns. Throws an Error that names each missing, unexpected or repeated one. */
  columns(names: readonly string[]): void {
    const { labels, metrics } = this.#collector
    const wanted = [...labels, ...metrics].map(({ name }) => name)
    const problems = [
      ...wanted
        .filter((name) => !names.includes(name))
        .map((name) => `the query returns no column "${name}"`),
      ...names
        .filter((name) => !wanted.includes(name))
        .map((name) => `the query returns a column "${name}", which is neither a label nor a metric`),
      ...names
        .filter((name, i) => names.indexOf(name) < i)
        .map((name) => `the query returns two columns "${name}"`),
    ]
    if (problems.length > 0) throw new Error(problems.join('; '))
    this.#columns = wanted.map((name) => names.indexOf(name))
  }

  /** Takes a row, a value for each column; false when it is rejected. */
  add(row: readonly unknown[]): boolean {
    const { labels, metrics } = this.#collector
    const texts: string[] = []
    for (const [i, label] of labels.entries()) {
      const given = row[this.#columns[i] ?? -1]
      const text = labelText(given)
      if (text === undefined) return this.#reject('label', label.name, given)
      if (label.values !== undefined && !label.values.includes(text)) {
        if (!label.other) return this.#reject('label', label.name, given)
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
        return this.#reject('value', metric.name, given)
      }
      values.push(value)
    }
    const key = keyOf(texts)
    if (this.#sets.has(key))
      return this.#reject('duplicate', labels.map(({ name }) => name).join(', '), texts.join(', '))
    this.#sets.set(key, { labels: texts, values })
    return true
  }

  /** The rows that stand, an unlisted label value as "other", so that several may have the same labels. */
  sets(): readonly LabelSet[] {
    const sets = [...this.#sets.values()]
    if (!this.#unlisted) return sets
    const listed = this.#collector.labels.map(({ values }) => values)
    return sets.map(({ labels, values }) => ({
      labels: labels.map((text, i) => (listed[i]?.includes(text) === false ? OTHER : text)),
      values,
    }))
  }

  /** What became of the rows that do not stand. */
  rejections(): Rejections {
    return { rejected: { ...this.#rejected }, rejection: this.#rejection }
  }

  #reject(reason: Reason, column: string, given: unknown): false {
    this.#rejected[reason]++
    const text = typeof given === 'string' ? JSON.stringify(given) : String(given)
    const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
    this.#rejection ??= {
      value: `${column} is ${shown}, which is not a value that it takes`,
      label: `${column} is ${shown}, which is not a value that the label takes`,
      duplicate: `a row before it had the same labels (${column}: ${shown})`,
    }[reason]
    return false
  }
}

function labelText(given: unknown): string | undefined {
  if (typeof given === 'string') return given
  return typeof given === 'number' || typeof given === 'boolean' || typeof given === 'bigint'
    ? String(given)
    : undefined
}

/** A finite number; `count(*)`, `numeric` and `extract` arrive as texts. */
function decimal(given: unknown): number | undefined {
  const value =
    typeof given === 'bigint' || (typeof given === 'string' && DECIMAL.test(given)) ? Number(given) : given
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** What `observe` wrote: as many numbers, parted by spaces, as there are buckets, and the count and the sum. */
function distribution(given: unknown, length: number): readonly number[] | undefined {
  const values = typeof given === 'string' ? given.split(' ').map(decimal) : []
  return values.length === length && values.every((value) => value !== undefined) ? values : undefined
}
