import fc from 'fast-check'
import t from 'tap'
import { addExact, type Exact, exact, isExact, maxExact } from '../../../src/samples/decimal.ts'

/** Decimals of the oracle, which counts in whole units of 10 to the power of minus this. */
const SCALE = 6

/** The decimal text of a number of units of 10 to the power of minus `scale`, without zeros at its end. */
function textOf(units: bigint, scale: number): string {
  const one = 10n ** BigInt(scale)
  const size = units < 0n ? -units : units
  const fraction = String(size % one)
    .padStart(scale, '0')
    .replace(/0+$/, '')
  return `${units < 0n ? '-' : ''}${size / one}${scale > 0 && fraction !== '' ? `.${fraction}` : ''}`
}

/** What the oracle calls a number, as these functions are to write it. */
function exactOf(units: bigint): Exact {
  const text = textOf(units, SCALE)
  const whole = units % 10n ** BigInt(SCALE) === 0n
  return whole && Number.isSafeInteger(Number(text)) ? Number(text) : text
}

/** Units whose text has at most 15 digits, which every floating-point number keeps. */
const short = fc.bigInt({ min: -(10n ** 15n - 1n), max: 10n ** 15n - 1n })
/** Units of numbers far beyond 2^53, and of those about it. */
const long = fc.oneof(
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
  fc.bigInt({ min: -9n, max: 9n }).map((n) => (2n ** 53n + n) * 10n ** BigInt(SCALE)),
  fc.bigInt({ min: -9n, max: 9n }).map((n) => 2n ** 53n * 10n ** BigInt(SCALE) + n),
  short,
)
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })

t.test('the sum of many numbers with decimals is what whole numbers give', async () => {
  fc.assert(
    fc.property(fc.array(short, { maxLength: 100 }), (units) => {
      const values = units.map((units) => exact(Number(textOf(units, SCALE))))
      const sum = units.reduce((a, b) => a + b, 0n)
      return values.reduce(addExact, 0) === exactOf(sum)
    }),
    { numRuns: 1000 },
  )
})

t.test('numbers beyond 2^53 are added exactly', async () => {
  fc.assert(
    fc.property(long, long, (a, b) => addExact(exactOf(a), exactOf(b)) === exactOf(a + b)),
    { numRuns: 5000 },
  )
})

t.test('numbers of different scales are added exactly', async () => {
  fc.assert(
    fc.property(short, fc.nat(SCALE), short, fc.nat(SCALE), (a, scaleOfA, b, scaleOfB) => {
      const [x, y] = [exact(Number(textOf(a, scaleOfA))), exact(Number(textOf(b, scaleOfB)))]
      const sum = a * 10n ** BigInt(SCALE - scaleOfA) + b * 10n ** BigInt(SCALE - scaleOfB)
      return addExact(x, y) === exactOf(sum)
    }),
    { numRuns: 2000 },
  )
})

t.test('the order of the numbers does not matter to their sum', async () => {
  const both = fc
    .array(finite, { maxLength: 12 })
    .chain((values) =>
      fc.tuple(
        fc.constant(values),
        fc.shuffledSubarray(values, { minLength: values.length, maxLength: values.length }),
      ),
    )
  const sumOf = (values: number[]) => values.map(exact).reduce(addExact, 0)
  fc.assert(fc.property(both, ([values, shuffled]) => sumOf(values) === sumOf(shuffled)))
})

t.test('what is added and taken away again leaves nothing', async () => {
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      return addExact(addExact(exact(a), exact(b)), exact(-b)) === addExact(exact(a), 0)
    }),
    { numRuns: 2000 },
  )
})

t.test('0 added changes nothing', async () => {
  fc.assert(
    fc.property(long, (units) => addExact(0, exactOf(units)) === exactOf(units)),
    { numRuns: 1000 },
  )
})

t.test('the larger of two numbers is what whole numbers say', async () => {
  const near = fc.tuple(long, fc.bigInt({ min: -2n, max: 2n })).map(([a, step]) => [a, a + step] as const)
  fc.assert(
    fc.property(fc.oneof(near, fc.tuple(long, long)), ([a, b]) => {
      return maxExact(exactOf(a), exactOf(b)) === exactOf(a > b ? a : b)
    }),
    { numRuns: 5000 },
  )
})

t.test('every finite number comes back as it was', async () => {
  fc.assert(
    fc.property(finite, (value) => Number(exact(value)) === value),
    { numRuns: 10_000 },
  )
})

t.test('every sum is a value that is taken when it is read again', async () => {
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      return [exact(a), exact(b), addExact(exact(a), exact(b))].every(isExact)
    }),
    { numRuns: 2000 },
  )
})

t.test('every sum survives JSON', async () => {
  fc.assert(
    fc.property(long, long, (a, b) => {
      const sum = addExact(exactOf(a), exactOf(b))
      return JSON.parse(JSON.stringify(sum)) === sum
    }),
  )
})

const forms: [value: number, exact: Exact][] = [
  [0, 0],
  [-3, -3],
  [0.5, '0.5'],
  [-0.000001, '-0.000001'],
  [0.1, '0.1'],
  [1e-7, '0.0000001'],
  [-1.5e-7, '-0.00000015'],
  [1e21, '1000000000000000000000'],
  [-1.25e22, '-12500000000000000000000'],
  [Number.MAX_SAFE_INTEGER, 9007199254740991],
  [Number.MIN_SAFE_INTEGER, -9007199254740991],
  [2 ** 53, '9007199254740992'],
  [Number.MIN_VALUE, `0.${'0'.repeat(323)}5`],
  [Number.MAX_VALUE, `17976931348623157${'0'.repeat(292)}`],
]
for (const [value, form] of forms) {
  t.test(`${value} is kept as ${JSON.stringify(form).slice(0, 30)}`, async (t) => {
    t.equal(exact(value), form)
  })
}

const sums: [a: number, b: number, sum: Exact][] = [
  [0.1, 0.2, '0.3'],
  [0.5, 0.5, 1],
  [1.25, -1.25, 0],
  [-0.5, 0.25, '-0.25'],
  [1e21, 1e-7, '1000000000000000000000.0000001'],
  [1e21, -1e21, 0],
  [Number.MAX_SAFE_INTEGER, 1, '9007199254740992'],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, '18014398509481982'],
  [Number.MIN_SAFE_INTEGER, -2, '-9007199254740993'],
  [2 ** 53, -1, 9007199254740991],
  // Their floating-point sum is a whole number, and they are not.
  [2 ** 34, 0.000001, '17179869184.000001'],
  [2 ** 52, 0.25, '4503599627370496.25'],
  [1, 1e-20, '1.00000000000000000001'],
]
for (const [a, b, sum] of sums) {
  t.test(`${a} and ${b} are ${sum}`, async (t) => {
    t.equal(addExact(exact(a), exact(b)), sum)
  })
}

t.test('a thousand tenths are a hundred', async (t) => {
  t.equal(Array<Exact>(1000).fill(exact(0.1)).reduce(addExact, 0), 100)
})

t.test('-0 counts as 0', async (t) => {
  t.ok(addExact(exact(-0), 0) === 0)
  t.ok(addExact(exact(-0), exact(0.5)) === '0.5')
  t.ok(maxExact(exact(-0), exact(-0.5)) === 0)
})

const taken: unknown[] = [
  0,
  -5,
  9007199254740991,
  '9007199254740992',
  '0.5',
  '-0.25',
  '100000000000000000000.5',
]
for (const value of taken) {
  t.test(`${JSON.stringify(value)} that was read is taken`, async (t) => {
    t.ok(isExact(value))
  })
}

const refused: unknown[] = [
  ...[0.5, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY, 1n],
  ...['', ' ', '1 ', ' 1', '1\n', '+1', '--1', '-', '.', '.5', '1.', '1.2.3', '1,5', '1_000'],
  ...['NaN', 'Infinity', '-Infinity', '0x10', '10n', '1 2', '١', 'null', 'many'],
  ...[null, undefined, true, [], [1], {}, new Date(0)],
]
for (const value of refused) {
  const text = typeof value === 'string' ? JSON.stringify(value) : `${typeof value} ${String(value)}`
  t.test(`${text} that was read is refused`, async (t) => {
    t.notOk(isExact(value))
  })
}
