import t from 'tap'
import { scheduleOf } from './schedule.ts'

const FAULTS = [
  { name: 'a', lane: 'one', lasts: 5, heals: 2 },
  { name: 'b', lane: 'one', lasts: 10, heals: 0 },
  { name: 'c', lane: 'one', lasts: 20, heals: 5 },
  { name: 'd', lane: 'two', lasts: 3, heals: 1 },
]
const SEEDS = Array.from({ length: 50 }, (_, i) => i * 7919)

t.test('the same seed makes the same schedule, and another one another', async (t) => {
  t.same(scheduleOf(1, 300, FAULTS), scheduleOf(1, 300, FAULTS))
  t.notSame(scheduleOf(1, 300, FAULTS), scheduleOf(2, 300, FAULTS))
})

t.test('the faults of a lane do not meet, and all are over in time', async (t) => {
  for (const seed of SEEDS) {
    for (const steps of scheduleOf(seed, 120, FAULTS).values()) {
      for (const [i, { at, fault }] of steps.entries()) {
        const over = at + fault.lasts + fault.heals
        t.ok(over <= (steps[i + 1]?.at ?? 120), `seed ${seed}: ${fault.name} is over at ${over} s`)
      }
    }
  }
})

t.test('each fault comes once before any comes twice', async (t) => {
  for (const seed of SEEDS) {
    const steps = scheduleOf(seed, 300, FAULTS).get('one') ?? []
    t.same(
      new Set(steps.slice(0, 3).map(({ fault }) => fault.name)),
      new Set(['a', 'b', 'c']),
      `seed ${seed}`,
    )
  }
})

t.test('a fault that is longer than all the time is left out', async (t) => {
  const steps = scheduleOf(1, 20, FAULTS).get('one') ?? []
  t.notMatch(
    steps.map(({ fault }) => fault.name),
    ['c'],
  )
  t.ok(steps.length > 0)
})
