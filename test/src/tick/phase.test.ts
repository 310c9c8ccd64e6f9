import fc from 'fast-check'
import t from 'tap'
import { firstWait, outOfPhase } from '../../../src/tick/phase.ts'

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

t.test('the first tick of a single database comes half a tick to a tick after the start', async () => {
  fc.assert(
    fc.property(fraction, (chance) => {
      const wait = firstWait(0, 1, chance)
      return wait >= 0.5 && wait <= 1
    }),
  )
})

t.test('each of many databases has a part of the tick to itself', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 2000 }), fraction, (databases, chance) => {
      const waits = Array.from({ length: databases }, (_, i) => firstWait(i, databases, chance))
      // With room for what floating-point numbers round.
      return waits.every((wait, i) => Math.abs((wait - 0.5) * databases - i - 0.5) < 0.5 + 1e-6)
    }),
  )
})

t.test('ticks are back in phase within a tick and a half, whatever held them up', async () => {
  const first = fc.double({ min: 0, max: 1e9, noNaN: true })
  const late = fc.double({ min: 0, max: 1e7, noNaN: true })
  fc.assert(
    fc.property(first, fc.integer({ min: 1000, max: 3_600_000 }), late, (first, tick, late) => {
      const now = first + late
      const wait = outOfPhase(first, tick, now)
      // A moment may be rounded to the tick that it just misses.
      if (wait === undefined) return late % tick < tick / 10 || tick - (late % tick) < 1
      const phase = (now + wait - first) % tick
      return wait >= tick / 2 && wait <= 1.5 * tick && Math.min(phase, tick - phase) < 1
    }),
  )
})
