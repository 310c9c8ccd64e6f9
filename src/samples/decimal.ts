/**
 * A number that adding does not round: a safe integer as a number, anything else as decimal text. Binary fractions
 * would let a total drift from the sum that SQL gives, a little with every round.
 */
export type Exact = number | string

/** No longer than the sums of doubles get. */
const LONGEST = 2000
const CANONICAL = /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/

/** The number as JavaScript writes it, kept exactly. It must be finite. */
export function exact(value: number): Exact {
  return Number.isSafeInteger(value) ? value : write(parse(String(value)))
}

export function addExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  const [x, y] = [parse(String(a)), parse(String(b))]
  const scale = Math.max(x.scale, y.scale)
  return write({ units: at(x, scale) + at(y, scale), scale })
}

export function maxExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? b : a
  const [x, y] = [parse(String(a)), parse(String(b))]
  const scale = Math.max(x.scale, y.scale)
  return at(x, scale) < at(y, scale) ? b : a
}

/** Whether a value that was read from somewhere is one, as it is written here. */
export function isExact(value: unknown): value is Exact {
  return typeof value === 'number'
    ? Number.isSafeInteger(value)
    : typeof value === 'string' && value.length < LONGEST && CANONICAL.test(value)
}

/** `units` times 10 to the power of minus `scale`. */
interface Decimal {
  readonly units: bigint
  readonly scale: number
}

function parse(text: string): Decimal {
  const [, sign, whole = '0', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  const scale = fraction.length - Number(exponent)
  const units = BigInt(`${sign}${whole}${fraction}`)
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale }
}

function at({ units, scale }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale)
}

function write({ units, scale }: Decimal): Exact {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '')
  const text = `${units < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${scale > 0 && fraction ? `.${fraction}` : ''}`
  const value = Number(text)
  return fraction === '' && Number.isSafeInteger(value) ? value : text
}
