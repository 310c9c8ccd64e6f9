import fc from 'fast-check'
import t from 'tap'
import { formatMoment, later, type Moment, parseMoment } from '../../../src/time/moment.ts'

/** Text → microseconds since 1970, of which the seconds are what `date -u -d TEXT +%s` says. */
const moments: [text: string, microseconds: bigint][] = [
  ['1970-01-01T00:00:00.000000Z', 0n],
  ['1970-01-01T00:00:00.000001Z', 1n],
  ['2000-02-29T12:34:56.000999Z', 951827696000999n],
  ['2026-01-02T03:04:05.678901Z', 1767323045678901n],
  ['2026-12-31T23:59:59.999999Z', 1798761599999999n],
  ['9999-12-31T23:59:59.999999Z', 253402300799999999n],
]
for (const [text, microseconds] of moments) {
  t.test(`${text} is read to the microsecond`, async (t) => {
    t.equal(parseMoment(text), microseconds)
  })

  t.test(`${text} is written to the microsecond`, async (t) => {
    t.equal(formatMoment(microseconds), text)
  })
}

t.test('every moment comes back from its text', async () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 253402300799999999n }), (moment) => {
      return parseMoment(formatMoment(moment)) === moment
    }),
    { numRuns: 5000 },
  )
})

t.test('every text comes back from its moment', async () => {
  const text = fc
    .tuple(
      fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
      fc.nat(999),
    )
    .map(([date, rest]) => date.toISOString().replace('Z', `${String(rest).padStart(3, '0')}Z`))
  fc.assert(
    fc.property(text, (text) => formatMoment(parseMoment(text)) === text),
    { numRuns: 5000 },
  )
})

t.test('texts are in the order of their moments', async () => {
  const moment = fc.bigInt({ min: 0n, max: 253402300000000000n })
  fc.assert(
    fc.property(moment, fc.bigInt({ min: 1n, max: 5_000_000n }), (moment, step) => {
      return formatMoment(moment) < formatMoment(moment + step)
    }),
  )
})

t.test('a moment before 1970 is read to the microsecond', async (t) => {
  t.equal(parseMoment('1969-12-31T23:59:59.999999Z'), -1n)
})

const refused = [
  ...['', 'now', '0', '1767323045', '2026-01-02', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.678Z'],
  ...['2026-01-02T03:04:05.6789012Z', '2026-01-02T03:04:05.67890Z', '2026-01-02T03:04:05,678901Z'],
  ...['2026-01-02T03:04:05.678901', '2026-01-02T03:04:05.678901z', '2026-01-02T03:04:05.678901+00:00'],
  ...['2026-01-02 03:04:05.678901Z', '2026-01-02 03:04:05.678901+00', '26-01-02T03:04:05.678901Z'],
  ...['2026-1-2T03:04:05.678901Z', '+002026-01-02T03:04:05.678901Z', '-2026-01-02T03:04:05.678901Z'],
  ...['2026-13-02T03:04:05.678901Z', '2026-00-02T03:04:05.678901Z', '2026-01-32T03:04:05.678901Z'],
  ...['2026-01-00T03:04:05.678901Z', '2026-01-02T25:04:05.678901Z', '2026-01-02T03:60:05.678901Z'],
  ...[
    '2026-01-02T03:04:60.678901Z',
    ' 2026-01-02T03:04:05.678901Z',
    '12026-01-02T03:04:05.678901Z',
    '2026-01-02T03:04:05.678901Z ',
  ],
  ...['2026-01-02T03:04:05.678901Z\n', '２026-01-02T03:04:05.678901Z', 'infinity', '-infinity'],
]
for (const text of refused) {
  t.test(`${JSON.stringify(text)} is refused with an error that quotes it`, async (t) => {
    const error = t.throws(() => parseMoment(text))
    t.ok(error instanceof Error && error.message.includes(`"${text}" is not a moment`))
  })
}

const laters: [what: string, milliseconds: number, microseconds: bigint][] = [
  ['a second', 1000, 1_000_000n],
  ['no time', 0, 0n],
  ['a microsecond', 0.001, 1n],
  ['a fraction of a millisecond', 1.5, 1500n],
  ['a fraction that has no binary form', 0.1, 100n],
  ['a fraction whose product is a little less', 1.001, 1001n],
  ['a fraction whose product is a little less, below 0,', -1.001, -1001n],
  ['a second less', -1000, -1_000_000n],
  ['a fraction less', -0.25, -250n],
  ['a nanosecond, which no moment holds', 0.000001, 0n],
  ['a nanosecond less', -0.000001, 0n],
  ['a year', 31_536_000_000, 31_536_000_000_000n],
]
for (const [what, milliseconds, microseconds] of laters) {
  t.test(`${what} later is ${microseconds} microseconds later`, async (t) => {
    const moment: Moment = parseMoment('2026-01-02T03:04:05.678901Z')
    t.equal(later(moment, milliseconds), moment + microseconds)
  })
}

t.test('microseconds later, as a fraction of milliseconds, are exact', async () => {
  const microseconds = fc.integer({ min: -(10 ** 12), max: 10 ** 12 })
  fc.assert(
    fc.property(microseconds, (n) => later(0n, n / 1000) === BigInt(n)),
    { numRuns: 5000 },
  )
})

t.test('so much later and so much earlier is where it was', async () => {
  const microseconds = fc.bigInt({ min: 0n, max: 253402300799999999n })
  fc.assert(
    fc.property(microseconds, fc.nat({ max: 10 ** 12 }), (moment, n) => {
      return later(later(moment, n / 1000), -n / 1000) === moment
    }),
  )
})
