import t from 'tap'
import { later, parseMoment } from '../../../src/time/moment.ts'
import { VouchedClock } from '../../../src/time/vouched-clock.ts'

const START = parseMoment('2026-01-02T03:04:05.678901Z')
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A clock that was right at the start. */
function started(): VouchedClock {
  const clock = new VouchedClock()
  clock.check(START, 0)
  return clock
}

t.test('the first moment is believed', async (t) => {
  t.equal(new VouchedClock().check(START, 5), START)
})

t.test('a clock that runs as ours is believed, and one that drifts', async (t) => {
  const clock = started()
  for (let minute = 1; minute < 500; minute++) {
    // Half a thousandth fast: as fast as NTP lets a clock run.
    const moment = later(START, minute * MINUTE * 1.0005)
    t.equal(clock.check(moment, minute * MINUTE), moment)
  }
  t.notOk(clock.jumped)
})

t.test('a clock that jumps ahead is believed as far as ours has run', async (t) => {
  const clock = started()
  t.equal(clock.check(later(START, 2 * HOUR), MINUTE), later(START, MINUTE))
  t.ok(clock.jumped)
  t.equal(clock.check(later(START, 2 * HOUR + MINUTE), 2 * MINUTE), later(START, 2 * MINUTE))
  t.equal(
    clock.check(later(START, 3 * MINUTE), 3 * MINUTE),
    later(START, 3 * MINUTE),
    'and then is right again',
  )
  t.notOk(clock.jumped)
})

t.test('a clock that jumps back and returns is believed at once', async (t) => {
  const clock = started()
  clock.check(later(START, -2 * HOUR), MINUTE)
  t.equal(clock.check(later(START, 2 * MINUTE), 2 * MINUTE), later(START, 2 * MINUTE))
})

t.test('a clock that stays ahead for an hour is believed', async (t) => {
  const clock = started()
  for (let minute = 1; minute <= 60; minute++) {
    t.equal(
      clock.check(later(START, 2 * HOUR + minute * MINUTE), minute * MINUTE),
      later(START, minute * MINUTE),
    )
  }
  const moment = later(START, 2 * HOUR + 61 * MINUTE)
  t.equal(clock.check(moment, 61 * MINUTE), moment)
  t.notOk(clock.jumped)
})

t.test('a clock goes on from a saved moment', async (t) => {
  const clock = new VouchedClock()
  clock.continue(START, HOUR, 7)
  t.equal(clock.check(later(START, 3 * HOUR), 7), later(START, HOUR))
})
