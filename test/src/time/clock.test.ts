import t from 'tap'
import { clock } from '../../../src/time/clock.ts'

t.test('what repeats is called again and again, until it ends itself', async (t) => {
  const third = Promise.withResolvers<void>()
  let calls = 0
  const end = clock.every(1, 1, () => {
    if (++calls < 3) return
    end()
    third.resolve()
  })
  await third.promise
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(calls, 3)
})

t.test('what ends itself in its first call is not called again', async (t) => {
  const first = Promise.withResolvers<void>()
  let calls = 0
  const end = clock.every(1, 1, () => {
    calls++
    end()
    first.resolve()
  })
  await first.promise
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(calls, 1)
})

t.test('what ends before its first call is never called', async (t) => {
  const end = clock.every(1, 1, () => t.fail('it was called'))
  end()
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.pass()
})

for (const interval of [0, -1, Number.NaN]) {
  t.test(`an interval of ${interval}, which would spin, is refused`, async (t) => {
    t.throws(() => clock.every(1, interval, () => {}), { name: 'RangeError', message: `${interval} ms` })
  })
}
