import t from 'tap'
import { Slots } from '../../../src/time/slots.ts'

t.test('no more runs at once than there are slots, and all of it runs in order', async (t) => {
  const slots = new Slots(3)
  let running = 0
  let most = 0
  const started: number[] = []
  const releases = Array.from({ length: 10 }, () => Promise.withResolvers<void>())
  const work = releases.map(({ promise }, i) =>
    slots.run(async () => {
      started.push(i)
      most = Math.max(most, ++running)
      await promise
      running--
      return i
    }),
  )
  for (const { resolve } of releases) resolve()
  t.same(await Promise.all(work), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  t.same(started, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  t.equal(most, 3)
})

t.test('work that fails gives its slot back', async (t) => {
  const slots = new Slots(1)
  await t.rejects(
    slots.run(async () => {
      throw new Error('no')
    }),
    { message: 'no' },
  )
  t.equal(await slots.run(async () => 'yes'), 'yes')
})
