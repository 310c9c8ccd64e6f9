import fc from 'fast-check'
import t from 'tap'
import { formatDuration, parseDuration } from '../../../src/time/duration.ts'

const HOUR = 3_600_000
const MINUTE = 60_000

/** Most are examples of Go's own documentation and tests of ParseDuration: https://pkg.go.dev/time#ParseDuration */
const forms: [text: string, milliseconds: number][] = [
  ['0', 0],
  ['0s', 0],
  ['5s', 5000],
  ['5.s', 5000],
  ['.5s', 500],
  ['1.0s', 1000],
  ['300ms', 300],
  ['100us', 0.1],
  ['1000000ns', 1],
  ['1h', HOUR],
  ['1.5h', 1.5 * HOUR],
  ['1.1h', HOUR + 6 * MINUTE],
  ['1.001s', 1001],
  ['2h45m', 2 * HOUR + 45 * MINUTE],
  ['1m30s', 90_000],
  ['3h30m', 3 * HOUR + 30 * MINUTE],
  ['10.5s4m', 4 * MINUTE + 10_500],
  ['39h9m14.425s', 39 * HOUR + 9 * MINUTE + 14_425],
]
for (const [text, milliseconds] of forms) {
  t.test(`${text} is ${milliseconds} milliseconds`, async (t) => {
    t.equal(parseDuration(text), milliseconds)
  })
}

t.test('microseconds may be written with u, with the micro sign and with the Greek letter mu', async (t) => {
  t.strictSame(
    ['5us', '5\u00b5s', '5\u03bcs'].map((text) => parseDuration(text) * 1000),
    [5, 5, 5],
  )
})

const refused = [
  ...[
    '',
    '5',
    '-5s',
    '+5s',
    '1x',
    '1m ',
    ' 1m',
    '1m 30s',
    '1m30',
    'NaN',
    'Infinity',
    's',
    '.s',
    '.',
    '1..5s',
  ],
  ...['1e3s', '0x1s', '1,5s', '1S', '1 s', '1d', '00', '1m\n', '١s'],
]
for (const text of refused) {
  t.test(`${JSON.stringify(text)} is refused with an error that quotes it`, async (t) => {
    const error = t.throws(() => parseDuration(text))
    t.ok(error instanceof Error && error.message.includes(`"${text}" is not a duration`))
  })
}

t.test('a text that was refused does not disturb the next one', async (t) => {
  t.throws(() => parseDuration('1h1m1'))
  t.equal(parseDuration('2m'), 2 * MINUTE)
})

t.test('units that are added are parsed beside those of Go', async (t) => {
  const longer = new Map([['d', 24 * HOUR]])
  t.equal(parseDuration('1d12h', longer), 36 * HOUR)
  t.throws(() => parseDuration('1w', longer))
})

t.test('a duration of whole milliseconds comes back from its text', async () => {
  // 30 years of milliseconds, and in another run the short ones, of which a random choice would have few.
  for (const max of [30 * 365 * 24 * HOUR, 10 * MINUTE]) {
    fc.assert(
      fc.property(fc.nat({ max }), (milliseconds) => {
        return parseDuration(formatDuration(milliseconds)) === milliseconds
      }),
      { numRuns: 5000 },
    )
  }
})

const texts: [milliseconds: number, text: string][] = [
  [500, '500ms'],
  [60_000, '1m'],
  [90_000, '1m30s'],
  [86_400_000, '24h'],
  [3_601_500, '1h1.5s'],
  [999.9994, '999.999ms'],
  [999.9999, '1s'],
  [119_999.9996, '2m'],
  [3_599_999.7, '1h'],
]
for (const [milliseconds, text] of texts) {
  t.test(`${milliseconds} milliseconds are written ${text}`, async (t) => {
    t.equal(formatDuration(milliseconds), text)
  })
}

t.test('a duration with fractions is written as the nearest one that has a text', async () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double({ min: 0, max: 1e12, noNaN: true }),
        // Just below a whole second, minute or hour, where rounding carries.
        fc
          .tuple(
            fc.constantFrom(1000, MINUTE, HOUR),
            fc.integer({ min: 1, max: 1000 }),
            fc.double({ min: 0, max: 1, noNaN: true }),
          )
          .map(([unit, amount, less]) => unit * amount - less),
      ),
      (milliseconds) => {
        const text = formatDuration(milliseconds)
        const written = parseDuration(text)
        const step = written < 1000 ? 1e-3 : 1
        return Math.abs(written - milliseconds) <= 0.5 * step + 1e-6 && formatDuration(written) === text
      },
    ),
    { numRuns: 20_000 },
  )
})
