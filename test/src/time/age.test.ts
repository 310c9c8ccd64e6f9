import fc from 'fast-check'
import t from 'tap'
import { formatAge, formatSeconds } from '../../../src/time/age.ts'

const UNITS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, min: 60, s: 1, ms: 1e-3, µs: 1e-6 }

/** Seconds that a text says. */
function read(text: string): number {
  return [...text.matchAll(/([\d.]+) (d|h|min|s|ms|µs)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN),
    0,
  )
}

for (const [seconds, text] of [
  [0, '0 s'],
  [-3, '0 s'],
  [59.4, '59 s'],
  [60, '1 min'],
  [119, '1 min'],
  [3600, '1 h'],
  [3660, '1 h 1 min'],
  [90_000, '1 d 1 h'],
] as const) {
  t.test(`an age of ${seconds} s is ${text}`, async (t) => t.equal(formatAge(seconds), text))
}

t.test('an age is never told as more than it is, nor as half of it', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (seconds) => {
      const told = read(formatAge(seconds))
      return told <= seconds && seconds - told < Math.max(seconds / 2, 1)
    }),
  )
})

t.test('a duration is told with three digits', async () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 59, noNaN: true }), (seconds) => {
      const told = read(formatSeconds(seconds))
      return Math.abs(told - seconds) <= seconds * 0.005
    }),
  )
})
