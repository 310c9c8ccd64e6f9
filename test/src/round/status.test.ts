import t from 'tap'
import { counter, type Duration, defineCollector, gauge } from '../../../src/collector.ts'
import { CollectorStatus, type Limits } from '../../../src/round/status.ts'
import type { LabelSet } from '../../../src/rows/label-set.ts'
import type { Samples } from '../../../src/samples/samples.ts'
import { DeadlineError } from '../../../src/time/deadline.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

const limits: Limits = { tick: MINUTE, timeout: 30 * SECOND, staleAfter: 10 * MINUTE }

function statusOf(interval?: Duration, given: Partial<Limits> = {}): CollectorStatus {
  const { collector } = defineCollector({
    name: 'one',
    metrics: { business_one: gauge('One.') },
    ...(interval === undefined ? {} : { interval }),
    query: (sql) => sql`SELECT 1 AS business_one`,
  })
  return new CollectorStatus(collector, { ...limits, ...given })
}

function found(value: number): Samples {
  const sets: LabelSet[] = [{ labels: [], values: [value] }]
  return { sets, series: 1, rejected: { value: 0, label: 0, duplicate: 0 }, rejection: undefined, folded: 0 }
}

/** Lets a collector succeed with a value, or fail, at a tick and a moment. */
function publish(status: CollectorStatus, result: number | Error, tick: number, now: number): void {
  const outcome = { seconds: 0.5, result: typeof result === 'number' ? found(result) : result }
  status.publish(outcome, tick, now, 1_700_000_000 + now / 1000)
}

function valuesOf(status: CollectorStatus, now: number): unknown[] {
  return Array.from(status.shown(now).sets, ({ values }) => values[0])
}

/** The ticks up to `last` at which a collector runs that runs whenever it is due, each time with this result. */
function runsUpTo(
  last: number,
  status: CollectorStatus,
  tickDuration: number,
  result: number | Error = 1,
): number[] {
  const runs: number[] = []
  for (let tick = 0; tick <= last; tick++) {
    if (status.ticksUntilDue(tick) > 0) continue
    runs.push(tick)
    publish(status, result, tick, tick * tickDuration)
  }
  return runs
}

t.test('a collector that never ran is due at whatever tick comes first', async (t) => {
  t.strictSame(
    [0, 7].map((tick) => statusOf('5m').ticksUntilDue(tick)),
    [0, 0],
  )
})

t.test('a collector without an interval runs at every tick', async (t) => {
  t.strictSame(runsUpTo(4, statusOf(), MINUTE), [0, 1, 2, 3, 4])
})

t.test('an interval of 5m with a tick of 60s is every fifth tick', async (t) => {
  t.strictSame(runsUpTo(12, statusOf('5m'), MINUTE), [0, 5, 10])
})

t.test('an interval between two ticks has passed by the later one', async (t) => {
  t.strictSame(runsUpTo(7, statusOf('90s'), MINUTE), [0, 2, 4, 6])
})

t.test('an interval shorter than the tick is every tick', async (t) => {
  t.strictSame(runsUpTo(3, statusOf('10s'), MINUTE), [0, 1, 2, 3])
})

t.test('an interval of 1.1h with a tick of 60s is every 66th tick', async (t) => {
  t.strictSame(runsUpTo(140, statusOf('1.1h'), MINUTE), [0, 66, 132])
})

t.test('the ticks left until a run count down to it', async (t) => {
  const status = statusOf('3m')
  publish(status, 1, 10, 0)
  t.strictSame(
    [10, 11, 12, 13].map((tick) => status.ticksUntilDue(tick)),
    [3, 2, 1, 0],
  )
})

t.test('a run that is overdue, since ticks were skipped, is due now', async (t) => {
  const status = statusOf('3m')
  publish(status, 1, 0, 0)
  t.equal(status.ticksUntilDue(20), 0)
})

t.test(
  'a run that failed is repeated at the next tick, and rarer while it goes on, up to the interval',
  async (t) => {
    const status = statusOf('5m')
    t.strictSame(runsUpTo(20, status, MINUTE, new Error('no')), [0, 1, 3, 7, 12, 17])
    publish(status, 1, 22, 22 * MINUTE)
    t.equal(status.ticksUntilDue(23), 4, 'the interval goes on from the success')
  },
)

t.test(
  'a run of a long interval that timed out is repeated soon, and never more often than it doubles',
  async (t) => {
    const status = statusOf('20m')
    const runs = runsUpTo(90, status, MINUTE, new DeadlineError('no answer'))
    t.strictSame(runs, [0, 1, 3, 7, 15, 31, 51, 71])
  },
)

t.test('a run that found no database is repeated at every tick', async (t) => {
  const status = statusOf('1h')
  for (let tick = 0; tick < 30; tick++) {
    t.equal(status.ticksUntilDue(tick), 0)
    status.publish({ seconds: 0, result: new Error('down'), unavailable: true }, tick, tick * MINUTE, tick)
  }
})

t.test('seeding is not a run', async (t) => {
  const status = statusOf('5m')
  status.seed(found(0), 0)
  t.strictSame([status.ticksUntilDue(0), status.last, status.lastSuccess], [0, undefined, undefined])
})

t.test('before its first run a collector shows what it was seeded with', async (t) => {
  const status = statusOf()
  status.seed(found(0), 0)
  t.match(status.shown(MINUTE), { sets: [{ labels: [], values: [0] }], series: 1 })
})

t.test('what it was seeded with stays, however long the first run is in coming', async (t) => {
  const status = statusOf()
  status.seed(found(0), 0)
  t.strictSame(valuesOf(status, 1000 * MINUTE), [0])
})

t.test('a success replaces what is shown', async (t) => {
  const status = statusOf()
  publish(status, 1, 0, 0)
  publish(status, 2, 1, MINUTE)
  t.strictSame(valuesOf(status, MINUTE), [2])
})

t.test('a success that found nothing shows nothing', async (t) => {
  const status = statusOf()
  publish(status, 1, 0, 0)
  status.publish({ seconds: 1, result: { ...found(0), sets: [], series: 0 } }, 1, MINUTE, 1_700_000_060)
  t.strictSame(status.shown(MINUTE), { sets: [], series: 0 })
})

t.test('a failure leaves what is shown', async (t) => {
  const status = statusOf()
  publish(status, 1, 0, 0)
  publish(status, new Error('no'), 1, MINUTE)
  t.strictSame(valuesOf(status, MINUTE), [1])
})

t.test('a failure is the error of the collector until it succeeds', async (t) => {
  const status = statusOf()
  const error = new Error('no')
  publish(status, error, 0, 0)
  const failing = status.error
  publish(status, 1, 1, MINUTE)
  t.strictSame([failing, status.error], [error, undefined])
})

t.test('a failure does not move the time of the last success', async (t) => {
  const status = statusOf()
  publish(status, 1, 0, 0)
  publish(status, new Error('no'), 1, MINUTE)
  t.equal(status.lastSuccess, 1_700_000_000)
})

t.test('the last values of a failing collector stay up to COLLECTOR_STALE_AFTER', async (t) => {
  const status = statusOf()
  publish(status, 1, 0, 0)
  publish(status, new Error('no'), 1, MINUTE)
  t.strictSame(valuesOf(status, limits.staleAfter), [1])
})

t.test('once they are stale, a failing collector shows nothing', async (t) => {
  const status = statusOf()
  publish(status, 1, 0, 0)
  publish(status, new Error('no'), 1, MINUTE)
  t.strictSame(status.shown(limits.staleAfter + 1), { sets: [], series: 0 })
})

t.test('its facts are one object until something changes, and time alone may change it', async (t) => {
  const status = statusOf()
  const seen = [status.facts(0)]
  const isNew = (now: number) => {
    const facts = status.facts(now)
    const before = seen.at(-1)
    seen.push(facts)
    t.equal(status.facts(now), facts)
    return facts !== before
  }
  t.notOk(isNew(MINUTE))
  status.seed({ sets: [{ labels: [], values: [0] }], series: 1 }, 0)
  t.ok(isNew(0), 'it shows something')
  publish(status, 1, 0, 0)
  t.ok(isNew(0), 'it ran')
  status.strays.add(new Error('thrown in a timer'))
  t.ok(isNew(0), 'its code threw')
  publish(status, new Error('no'), 1, MINUTE)
  t.ok(isNew(MINUTE), 'it failed')
  t.notOk(isNew(limits.staleAfter))
  t.ok(isNew(limits.staleAfter + 1), 'its values are stale')
  status.reset()
  t.ok(isNew(limits.staleAfter + 1), 'another replica collects it')
})

t.test('failing again does not make the values younger', async (t) => {
  const status = statusOf()
  publish(status, 1, 0, 0)
  for (let tick = 1; tick <= 10; tick++) publish(status, new Error('no'), tick, tick * MINUTE)
  t.strictSame(valuesOf(status, limits.staleAfter + 1), [])
})

t.test('a collector that works again shows its new values', async (t) => {
  const status = statusOf()
  publish(status, 1, 0, 0)
  publish(status, new Error('no'), 1, MINUTE)
  publish(status, 2, 12, 12 * MINUTE)
  t.strictSame(valuesOf(status, 12 * MINUTE), [2])
})

t.test('zeros that a collector was seeded with are withdrawn when its first run fails', async (t) => {
  const status = statusOf()
  status.seed(found(0), 0)
  t.strictSame(valuesOf(status, SECOND), [0])
  publish(status, new Error('no'), 0, SECOND)
  t.strictSame(valuesOf(status, SECOND), [])
})

t.test(
  'zeros that a windowed collector was seeded with stay when it fails, until they are stale',
  async (t) => {
    const { collector } = defineCollector({
      name: 'one',
      metrics: { business_one_total: counter('One.') },
      window: { settle: '1m' },
      query: (sql, { from, to }) => sql`${from}${to}`,
    })
    const status = new CollectorStatus(collector, limits)
    status.seed(found(0), 0)
    publish(status, new Error('no'), 0, SECOND)
    t.strictSame([valuesOf(status, MINUTE), valuesOf(status, limits.staleAfter + 1)], [[0], []])
  },
)

t.test('the values of a collector that last succeeded are shown however old they are', async (t) => {
  const status = statusOf()
  publish(status, 1, 0, 0)
  t.strictSame(valuesOf(status, 1000 * MINUTE), [1])
})

t.test('with COLLECTOR_STALE_AFTER 0 the values of a failing collector stay for ever', async (t) => {
  const status = statusOf(undefined, { staleAfter: 0 })
  publish(status, 1, 0, 0)
  publish(status, new Error('no'), 1, MINUTE)
  t.strictSame(valuesOf(status, 1000 * MINUTE), [1])
})

t.test('one run of a collector with a long interval may fail before its values go', async (t) => {
  const status = statusOf('1h')
  publish(status, 1, 0, 0)
  publish(status, new Error('no'), 60, 60 * MINUTE)
  t.strictSame([valuesOf(status, 119 * MINUTE), valuesOf(status, 121 * MINUTE)], [[1], []])
})

t.test("a collector's own timeout goes before that of the service", async (t) => {
  const { collector } = defineCollector({
    name: 'one',
    metrics: { business_one: gauge('One.') },
    timeout: '5s',
    query: (sql) => sql`SELECT 1 AS business_one`,
  })
  t.strictSame(
    [new CollectorStatus(collector, limits).timeout, statusOf().timeout],
    [5 * SECOND, limits.timeout],
  )
})
