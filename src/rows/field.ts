import type { CollectorMetric } from '../contract/collector.ts'
import { takesNegative } from '../contract/metric.ts'
import { itemAt } from './label-set.ts'

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
/** The longest text of a number: a double has 309 digits before the point, and PostgreSQL at most 16383 after it. */
const LONGEST_NUMBER = 17_000
/** The longest label value, in characters: a longer one names nothing, and would make a page of its own. */
export const LONGEST_LABEL = 1024

/** Reads the value of a label from a field of a row; undefined when it cannot be one. */
export function readLabel(field: unknown): string | undefined {
  if (typeof field === 'string') return field.length > LONGEST_LABEL ? undefined : field
  return typeof field === 'number' || typeof field === 'boolean' || typeof field === 'bigint'
    ? String(field)
    : undefined
}

/** Reads a finite number; `count(*)`, `numeric` and `extract` arrive as texts. */
export function readNumber(field: unknown): number | undefined {
  const value = typeof field === 'string' ? parse(field) : typeof field === 'bigint' ? Number(field) : field
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** A histogram as a query returned it. */
interface Observed {
  /** The cumulative bucket counts, the count and the sum. */
  readonly parts: readonly number[]
  /** How many observations were left out, because no bucket takes them. */
  readonly rejected: number
}

/**
 * Reads the column of a histogram: the cumulative bucket counts, the count and the sum, separated by spaces. `observe`
 * adds two numbers: how many observations are below and how many above all that the buckets take. These are in the counts,
 * and not in the sum. Undefined when it is no such text, or when a count or the sum is one that no observations make.
 */
export function readHistogram(field: unknown, metric: CollectorMetric): Observed | undefined {
  const { length } = metric.buckets
  // One more than it may have is enough to tell that it is no such text.
  const numbers = typeof field === 'string' ? field.split(' ', length + 5).map(readNumber) : []
  if (numbers.length !== length + 2 && numbers.length !== length + 4) return undefined
  if (!numbers.every((number) => number !== undefined)) return undefined
  const [below = 0, above = 0] = numbers.splice(length + 2)
  const sum = itemAt(numbers, length + 1)
  const counts = numbers.slice(0, -1).map((count, i) => count - below - (i === length ? above : 0))
  const isCumulative = counts.every((count, i) => count >= (counts[i - 1] ?? 0))
  if (below < 0 || above < 0 || !isCumulative || (sum < 0 && !takesNegative(metric))) return undefined
  return { parts: [...counts, sum], rejected: below + above }
}

function parse(text: string): number {
  return text.length <= LONGEST_NUMBER && DECIMAL.test(text) ? Number(text) : Number.NaN
}
