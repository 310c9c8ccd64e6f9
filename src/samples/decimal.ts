import Big from 'big.js'

/**
 * A number that adding does not round: a safe integer as a number, anything else as decimal text. Binary fractions
 * would let a total drift from the sum that SQL gives, a little with every round.
 */
export type Exact = number | string

/** The sums of doubles are shorter than this many characters. */
const LONGEST = 2000
/** No exponent, no sign of 0, no zeros that could be left out: saved states hold this form. */
const CANONICAL = /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/

/** Returns exactly the number that JavaScript writes, which must be finite. */
export function exact(value: number): Exact {
  return Number.isSafeInteger(value) ? value : write(new Big(value))
}

export function addExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return write(new Big(a).plus(b))
}

export function subtractExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b
    if (Number.isSafeInteger(difference)) return difference
  }
  return write(new Big(a).minus(b))
}

export function maxExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? b : a
  return new Big(a).lt(b) ? b : a
}

/** Whether a value that was read from a saved state has the form that this file writes. */
export function isExact(value: unknown): value is Exact {
  return typeof value === 'number'
    ? Number.isSafeInteger(value)
    : typeof value === 'string' && value.length < LONGEST && CANONICAL.test(value)
}

function write(decimal: Big): Exact {
  const text = decimal.toFixed()
  const value = Number(text)
  return !text.includes('.') && Number.isSafeInteger(value) ? value : text
}
