import { type Cell, REJECTED } from './label-set.ts'
import { numberAt } from './numbers.ts'

/** They take the place of a value, which is always finite: the cell has none, or one that was rejected. */
export const NO_VALUE = Number.NaN
const REJECTED_VALUE = Number.POSITIVE_INFINITY

/** The numbers of a value: one, or as many as a histogram has parts. */
export function numbersOf(value: Cell, width: number): readonly number[] {
  if (typeof value === 'object') return value
  const first = value === undefined ? NO_VALUE : value === REJECTED ? REJECTED_VALUE : value
  return width === 1 ? [first] : [first, ...new Array<number>(width - 1).fill(0)]
}

/** The value whose numbers are at a place. */
export function cellAt(numbers: Float64Array, from: number, width: number): Cell {
  const first = numberAt(numbers, from)
  if (Number.isNaN(first)) return undefined
  if (first === REJECTED_VALUE) return REJECTED
  return width > 1 ? Array.from(numbers.subarray(from, from + width)) : first
}
