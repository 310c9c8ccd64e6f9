import { crc32 } from 'node:zlib'

/** The checksum and the length of a text, for a gzip trailer. */
export interface Sum {
  readonly crc: number
  readonly length: number
}

/** The sum of a text that may follow others. */
export interface PartSum extends Sum {
  /** What the checksum of the texts before is multiplied by: x to the power of this text's bits. */
  readonly shift: number
}

/*
 * A CRC-32 is a polynomial over GF(2), modulo this one: the highest bit of a number is the coefficient of x^0. That of two
 * texts follows from those of each, as in crc32_combine of zlib: https://github.com/madler/zlib/blob/v1.3.1/crc32.c
 */
const MODULUS = 0xedb88320
const ONE = 0x8000_0000

/** By n, x to the power of 8 · 2^n: what 2^n bytes shift by. */
const SHIFTS = [ONE >>> 8]
while (SHIFTS.length < 32) SHIFTS.push(multiply(SHIFTS.at(-1) ?? 0, SHIFTS.at(-1) ?? 0))

/** Returns the sum of a text that is in pieces. */
export function sumOfTexts(texts: readonly Buffer[]): PartSum {
  const length = texts.reduce((sum, text) => sum + text.length, 0)
  const bits = SHIFTS.filter((_, n) => Math.floor(length / 2 ** n) % 2 === 1)
  return { crc: texts.reduce((crc, text) => crc32(text, crc), 0), length, shift: bits.reduce(multiply, ONE) }
}

/** Returns the sum of a text that follows others, without reading any of them again. */
export function followedBy({ crc, length }: Sum, next: PartSum): Sum {
  return { crc: (multiply(next.shift, crc) ^ next.crc) >>> 0, length: length + next.length }
}

/** Multiplies two polynomials. */
function multiply(a: number, b: number): number {
  let product = 0
  let power = b
  // The sign of a 32-bit number is its highest bit.
  for (let bits = a | 0; bits !== 0; bits <<= 1) {
    if (bits < 0) product ^= power
    power = (power & 1) === 1 ? (power >>> 1) ^ MODULUS : power >>> 1
  }
  return product >>> 0
}
