import fc from 'fast-check'
import t from 'tap'
import { backoff } from '../../../src/time/backoff.ts'

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const full = () => 1 - Number.EPSILON / 2
const none = () => 0

t.test('each wait is twice the one before it', async (t) => {
  const waits = [1, 2, 3, 4, 5].map((attempt) => backoff(attempt, { first: 100, limit: 60_000 }, none))
  t.ok(
    waits.every((wait, i) => i === 0 || wait === 2 * Number(waits[i - 1])),
    waits.join(', '),
  )
})

t.test('the first wait is at most `first`', async (t) => {
  t.equal(Math.ceil(backoff(1, { first: 100, limit: 60_000 }, full)), 100)
})

t.test('no wait is longer than the limit, however many attempts failed', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fraction, (attempt, random) => {
      const wait = backoff(attempt, { first: 100, limit: 5000 }, () => random)
      return wait > 0 && wait <= 5000
    }),
  )
})

t.test('a wait lies in the upper half of its full length', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fraction, (attempt, random) => {
      const length = 100 * 2 ** (attempt - 1)
      const wait = backoff(attempt, { first: 100, limit: 1_000_000 }, () => random)
      return wait >= length / 2 && wait <= length
    }),
  )
})

t.test('the whole upper half is used', async (t) => {
  const range = { first: 100, limit: 5000 }
  t.strictSame([backoff(1, range, none), Math.ceil(backoff(1, range, full))], [50, 100])
})

t.test('two clients do not wait equally long', async (t) => {
  const range = { first: 100, limit: 5000 }
  t.not(backoff(3, range), backoff(3, range))
})
