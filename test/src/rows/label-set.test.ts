import fc from 'fast-check'
import t from 'tap'
import { combine, itemAt, keyOf } from '../../../src/rows/label-set.ts'

const add = (a: number, b: number) => a + b

t.test('two numbers are combined into one', async (t) => {
  t.equal(combine(2, 3, add), 5)
})

t.test('two histograms are combined part by part', async (t) => {
  t.strictSame(combine([1, 2, 3.5], [10, 20, 30], add), [11, 22, 33.5])
})

for (const [what, a, b] of [
  ['a number and a histogram', 1, [1, 2, 3]],
  ['a histogram and a number', [1, 2, 3], 1],
  ['histograms with different buckets', [1, 2, 3], [1, 2, 3, 4]],
] as const) {
  t.test(`${what} are not combined but refused`, async (t) => {
    t.throws(() => combine<number>(a, b, add), /not values of one metric/)
  })
}

t.test('an item that is not there is an error that says which', async (t) => {
  t.equal(itemAt(['a', 'b'], 1), 'b')
  for (const index of [-1, 2]) t.throws(() => itemAt(['a', 'b'], index), { message: `item ${index} among 2` })
})

t.test('different labels have different keys', async () => {
  // PostgreSQL's text cannot hold a NUL.
  const text = fc.string({ maxLength: 2 }).map((text) => text.replaceAll('\0', ''))
  const labels = fc.integer({ min: 1, max: 3 }).chain((n) => {
    const list = fc.array(text, { minLength: n, maxLength: n })
    return fc.tuple(list, list)
  })
  fc.assert(
    fc.property(labels, ([a, b]) => (keyOf(a) === keyOf(b)) === (JSON.stringify(a) === JSON.stringify(b))),
    { numRuns: 2000 },
  )
})
