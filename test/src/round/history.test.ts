import t from 'tap'
import { History, isSlow, SPANS } from '../../../src/round/history.ts'

const MINUTE = 60_000
const START = 1000 * MINUTE

t.test('of several things in one span the worst is shown, with the longest run', async (t) => {
  const history = new History(1000)
  history.add(START, 'failed', 0.5)
  history.add(START + 1000, 'ok', 2)
  history.add(START + MINUTE, 'ok', 1)
  t.same(history.cells(START + MINUTE).slice(-3), [
    { level: 'none', seconds: 0 },
    { level: 'failed', seconds: 2 },
    { level: 'ok', seconds: 1 },
  ])
})

t.test('what happened is gone after an hour, and a pause is empty', async (t) => {
  const history = new History(1000)
  history.add(START, 'failed')
  const levels = (at: number) => history.cells(at).map(({ level }) => level)
  t.equal(levels(START + (SPANS - 1) * MINUTE)[0], 'failed')
  t.same(new Set(levels(START + SPANS * MINUTE)), new Set(['none']))
  t.same(new Set(levels(START + 500 * SPANS * MINUTE)), new Set(['none']))
})

t.test('a span is as long as a tick that is longer than a minute', async (t) => {
  const history = new History(5 * MINUTE)
  history.add(START, 'ok', 1)
  history.add(START + 5 * MINUTE, 'slow', 2)
  t.same(
    history
      .cells(START + 5 * MINUTE)
      .slice(-2)
      .map(({ level }) => level),
    ['ok', 'slow'],
  )
})

t.test('a clock that goes back changes nothing that was', async (t) => {
  const history = new History(1000)
  history.add(START + MINUTE, 'ok', 1)
  history.add(START, 'failed', 1)
  t.same(
    history
      .cells(START + MINUTE)
      .slice(-2)
      .map(({ level }) => level),
    ['none', 'failed'],
  )
})

t.test('an outage of several collectors is in the same span of each', async (t) => {
  const [a, b] = [new History(1000), new History(1000)]
  a.add(START, 'ok', 1)
  b.add(START + 30_000, 'failed', 2)
  t.same(History.together([a, b], START + MINUTE).at(-2), { level: 'failed', seconds: 2 })
})

t.test('a run is slow that takes half of its limit, or much more than it usually does', async (t) => {
  const usual = [0.1, 0.1, 0.2, 0.1, 0.1]
  t.ok(isSlow(0.51, 1000, []))
  t.notOk(isSlow(0.5, 1000, []))
  t.ok(isSlow(0.31, 10_000, usual))
  t.notOk(isSlow(0.31, 10_000, usual.slice(1)), 'too few to compare with')
  t.notOk(isSlow(0.09, 10_000, [0.001, 0.001, 0.001, 0.001, 0.001]), 'a few milliseconds are never slow')
})
