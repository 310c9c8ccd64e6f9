const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
/** This many digits are always a safe integer. */
const SAFE_DIGITS = 15
/** The longest label value, in characters: a longer one names nothing, and would make a page of its own. */
const LONGEST_LABEL = 1024

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

/** Reads what `observe` wrote: `length` numbers separated by spaces, the bucket counts, the count and the sum. */
export function readHistogram(field: unknown, length: number): readonly number[] | undefined {
  const values = typeof field === 'string' ? field.split(' ').map(readNumber) : []
  return values.length === length && values.every((value) => value !== undefined) ? values : undefined
}

/** Parses a decimal number. Most texts are a few digits, which need neither a pattern nor a parser. */
function parse(text: string): number {
  let value = 0
  for (let i = 0; i < text.length && i < SAFE_DIGITS; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return DECIMAL.test(text) ? Number(text) : Number.NaN
    value = value * 10 + digit
  }
  if (text !== '' && text.length <= SAFE_DIGITS) return value
  return DECIMAL.test(text) ? Number(text) : Number.NaN
}
