import fc from 'fast-check'
import t from 'tap'
import { firstWait, outOfPlace, Schedule } from '../../../src/tick/ticker.ts'

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

/** A schedule, what it started and skipped, and what its replica does. */
function scheduled() {
  const state = { leads: true, running: false }
  const events: string[] = []
  const settled = Promise.withResolvers<void>()
  const schedule = new Schedule({
    leads: () => state.leads,
    running: () => state.running,
    run: (tick) => events.push(`run ${tick}`),
    skip: () => events.push('skip'),
    watch: () => events.push('watch'),
    settled: () => settled.promise,
  })
  return { schedule, state, events, settle: settled.resolve }
}

t.test('each tick starts a round, and has the next number', async (t) => {
  const { schedule, events } = scheduled()
  schedule.gained()
  schedule.advance()
  schedule.advance()
  t.same(events, ['run 0', 'run 1', 'run 2'])
})

t.test('a tick at which a round runs is skipped, and counts as a tick', async (t) => {
  const { schedule, state, events } = scheduled()
  state.running = true
  schedule.advance()
  state.running = false
  schedule.advance()
  t.same(events, ['skip', 'run 2'])
})

t.test('a tick of another replica is neither run nor skipped, but watched', async (t) => {
  const { schedule, state, events } = scheduled()
  state.leads = false
  schedule.advance()
  state.running = true
  schedule.advance()
  t.same(events, ['watch', 'watch'])
  t.equal(schedule.tick, 2)
})

t.test('whoever gains the lead while a round of before runs starts one when that has ended', async (t) => {
  const { schedule, state, events, settle } = scheduled()
  state.running = true
  schedule.gained()
  t.same(events, [])
  state.running = false
  settle()
  await null
  t.same(events, ['run 0'])
})

t.test('the second tick of a single database comes half a tick to a tick after the first', async () => {
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
      const waits = Array.from({ length: databases }, (_, i) => firstWait(i / databases, databases, chance))
      // But for what numbers cannot hold.
      return waits.every((wait, i) => Math.abs((wait - 0.5) * databases - i - 0.5) < 0.5 + 1e-6)
    }),
  )
})

t.test('ticks go back to their places within a tick and a half, whatever held them up', async () => {
  const first = fc.double({ min: 0, max: 1e9, noNaN: true })
  const late = fc.double({ min: 0, max: 1e7, noNaN: true })
  fc.assert(
    fc.property(first, fc.integer({ min: 1000, max: 3_600_000 }), late, (first, tick, late) => {
      const now = first + late
      const wait = outOfPlace(first, tick, now)
      if (wait === undefined) return late % tick < tick / 10
      const place = (now + wait - first) % tick
      return wait >= tick / 2 && wait <= 1.5 * tick && Math.min(place, tick - place) < 1
    }),
  )
})
