import fc from 'fast-check'
import t from 'tap'
import {
  counter,
  defineCollector,
  histogram,
  type Labels,
  type Metrics,
  open,
} from '../../../src/collector.ts'
import { type Collector, OTHER } from '../../../src/contract/collector.ts'
import { type LabelSet, seriesOf } from '../../../src/rows/label-set.ts'
import { seriesOfGroup } from '../../../src/samples/group.ts'
import { advanceWindow, shownSets, startWindow, type WindowState } from '../../../src/samples/window.ts'
import { planWindow } from '../../../src/samples/window-plan.ts'
import { later, type Moment, parseMoment, type Window } from '../../../src/time/moment.ts'
import { finish } from '../../../src/time/slices.ts'

const PLENTY = 1_000_000
const MINUTE = 60_000
const START = parseMoment('2026-01-02T03:04:05.678901Z')

/** A run on a primary, whose windows are an hour long at most. */
function plan(state: { readonly sealedTo: Moment }, now: Moment, settle = 2 * MINUTE) {
  return planWindow(state, { now, believed: now, complete: now, seen: now }, settle, 60 * MINUTE)
}

/** The last page was read by a scrape. */
const READ = { published: 0, scraped: 1, now: 1 }

const things = { things_total: counter('Things ever.') }

function collectorOf(labels: Labels, metrics: Metrics = things): Collector {
  return defineCollector({
    name: 'things',
    labels,
    metrics,
    window: { settle: '2m' },
    query: (sql) => sql`SELECT 1`,
  }).collector
}

/** The moment a number of minutes and microseconds after the start. */
function at(minutes: number, microseconds = 0): Moment {
  return later(START, minutes * MINUTE) + BigInt(microseconds)
}

/** What queries found, as ["a/new", value] with a value for each metric, for label sets and their values. */
type Found = readonly (readonly [labels: string, ...values: LabelSet['values']])[]

function setsOf(found: Found): LabelSet[] {
  return found.map(([labels, ...values]) => ({ labels: labels === '' ? [] : labels.split('/'), values }))
}

/** One run that found this in the windows that it sealed, and that in the open one. */
function advance(collector: Collector, state: WindowState, sealed: Found, open: Found = [], budget = PLENTY) {
  const rows = { sealedTo: state.sealedTo, sealed: setsOf(sealed), open: setsOf(open) }
  return finish(advanceWindow(collector, state, rows, budget, READ))
}

/** The states after each of some runs, each of which found something sealed and something open. */
function statesOf(
  collector: Collector,
  runs: readonly (readonly [sealed: Found, open?: Found])[],
  budget = PLENTY,
): WindowState[] {
  let state = startWindow(collector, START)
  return runs.map(([sealed, open]) => {
    state = advance(collector, state, sealed, open, budget).state
    return state
  })
}

/** Label values, joined by "/" → what is shown of each metric, or of the only one. */
function valuesOf(state: WindowState | undefined): Record<string, unknown> {
  const sets = state === undefined ? [] : shownSets(state)
  return Object.fromEntries(
    sets.map(({ labels, values }) => [labels.join('/'), values.length === 1 ? values[0] : values]),
  )
}

t.test('a collector starts with every combination of its closed labels at 0', async (t) => {
  const collector = collectorOf({ kind: ['read', 'write'], state: ['new', 'old'] })
  t.strictSame(valuesOf(startWindow(collector, START)), {
    'read/new': 0,
    'read/old': 0,
    'write/new': 0,
    'write/old': 0,
  })
})

t.test('a collector without labels starts at 0', async (t) => {
  t.strictSame(valuesOf(startWindow(collectorOf({}), START)), { '': 0 })
})

t.test('a collector with an open label starts without series', async (t) => {
  t.strictSame(valuesOf(startWindow(collectorOf({ provider: open(9), state: ['new'] }), START)), {})
})

t.test('a histogram starts with 0 in each bucket, its count and its sum', async (t) => {
  const collector = collectorOf({}, { seconds: histogram('Seconds.', [1, 5]) })
  t.strictSame(valuesOf(startWindow(collector, START)), { '': [0, 0, 0, 0] })
})

t.test('nothing before the start is counted', async (t) => {
  const state = startWindow(collectorOf({}), START)
  t.match(state, { since: START, sealedTo: START })
  t.strictSame(plan(state, START), { sealed: [], open: { from: START, to: START } })
})

t.test('what is older than settle is sealed, and the rest is open', async (t) => {
  t.strictSame(plan(startWindow(collectorOf({}), START), at(5)), {
    sealed: [{ from: START, to: at(3) }],
    open: { from: at(3), to: at(5) },
  })
})

t.test('nothing is sealed before settle has passed', async (t) => {
  t.strictSame(plan(startWindow(collectorOf({}), START), at(2)), {
    sealed: [],
    open: { from: START, to: at(2) },
  })
})

t.test('with a settle of 0 all is sealed at once', async (t) => {
  t.strictSame(plan(startWindow(collectorOf({}), START), at(5), 0), {
    sealed: [{ from: START, to: at(5) }],
    open: { from: at(5), to: at(5) },
  })
})

t.test('a clock that stepped back seals nothing', async (t) => {
  const state = { ...startWindow(collectorOf({}), START), sealedTo: at(9) }
  t.strictSame(plan(state, at(10)), { sealed: [], open: { from: at(9), to: at(10) } })
})

t.test('a clock that stepped back behind what is sealed leaves an empty window open', async (t) => {
  const state = { ...startWindow(collectorOf({}), START), sealedTo: at(9) }
  t.strictSame(plan(state, at(5)), { sealed: [], open: { from: at(9), to: at(9) } })
})

t.test('a long gap is sealed in windows of an hour at most', async (t) => {
  t.strictSame(plan(startWindow(collectorOf({}), START), at(152, 1)).sealed, [
    { from: START, to: at(60) },
    { from: at(60), to: at(120) },
    { from: at(120), to: at(150, 1) },
  ])
})

t.test('a gap of just an hour is one window', async (t) => {
  t.strictSame(plan(startWindow(collectorOf({}), START), at(62)).sealed, [{ from: START, to: at(60) }])
})

/** Whether each window ends where the next begins, from `from` to `to`. */
function covers(windows: readonly Window[], from: Moment, to: Moment): boolean {
  const bounds = [from, ...windows.map(({ to }) => to)]
  return windows.every((window, i) => window.from === bounds[i]) && bounds.at(-1) === to
}

t.test(
  'the windows of a run cover the gap up to its time, without a hole and without an overlap',
  async () => {
    const minutes = fc.integer({ min: 0, max: 10_000 })
    const jitter = fc.integer({ min: -2, max: 2 })
    fc.assert(
      fc.property(minutes, jitter, fc.nat(300_000), (minutes, jitter, settle) => {
        const now = at(minutes, jitter)
        const { sealed, open } = plan(startWindow(collectorOf({}), START), now, settle)
        const hour = 3_600_000_000n
        return (
          covers([...sealed, open], START, now > START ? now : START) &&
          sealed.every(({ from, to }) => from < to && to - from <= hour) &&
          open.to - open.from <= BigInt(settle) * 1000n
        )
      }),
      { numRuns: 1000 },
    )
  },
)

t.test('a closed label set shows its count at once', async (t) => {
  const [first] = statesOf(collectorOf({ kind: ['read', 'write'] }), [[[['read', 3]]]])
  t.strictSame(valuesOf(first), { read: 3, write: 0 })
})

t.test('a new label set is shown as 0 for one round, and then with its count', async (t) => {
  const [first, second, third] = statesOf(collectorOf({ provider: open(9) }), [
    [[['a', 3]]],
    [[['a', 4]]],
    [[['a', 1]]],
  ])
  t.strictSame(valuesOf(first), { a: 0 })
  t.strictSame(valuesOf(second), { a: 7 })
  t.strictSame(valuesOf(third), { a: 8 })
})

t.test('a new label set that is still open is shown as 0 for one round too', async (t) => {
  const [first, second] = statesOf(collectorOf({ provider: open(9) }), [
    [[], [['a', 3]]],
    [[], [['a', 5]]],
  ])
  t.strictSame(valuesOf(first), { a: 0 })
  t.strictSame(valuesOf(second), { a: 5 })
})

t.test('a new label set without more rows shows its count in the round after its first', async (t) => {
  const [, second] = statesOf(collectorOf({ provider: open(9) }), [[[['a', 3]]], [[]]])
  t.strictSame(valuesOf(second), { a: 3 })
})

t.test('a new value of an open label has every value of a closed one', async (t) => {
  const [first, second] = statesOf(collectorOf({ provider: open(9), state: ['new', 'old'] }), [
    [[['a/old', 3]]],
    [[['b/new', 2]]],
  ])
  t.strictSame(valuesOf(first), { 'a/new': 0, 'a/old': 0 })
  t.strictSame(valuesOf(second), { 'a/new': 0, 'a/old': 3, 'b/new': 0, 'b/old': 0 })
})

t.test('a closed value beside an open one that is known shows its count at once', async (t) => {
  const [, second] = statesOf(collectorOf({ provider: open(9), state: ['new', 'old'] }), [
    [[['a/old', 3]]],
    [[['a/new', 2]]],
  ])
  t.strictSame(valuesOf(second), { 'a/new': 2, 'a/old': 3 })
})

t.test('what is open is shown and asked again, not added to the totals', async (t) => {
  const [first, second, third] = statesOf(collectorOf({}), [
    [[], [['', 3]]],
    [[['', 2]], [['', 2]]],
    [[['', 2]]],
  ])
  t.strictSame([first, second, third].map(valuesOf), [{ '': 3 }, { '': 4 }, { '': 4 }])
})

t.test('less than was shown before is not shown', async (t) => {
  const [, second, third] = statesOf(collectorOf({}), [[[], [['', 5]]], [[['', 3]]], [[['', 4]]]])
  t.strictSame(valuesOf(second), { '': 5 })
  t.strictSame(valuesOf(third), { '': 7 })
})

t.test('rows with the same labels are added', async (t) => {
  const [first] = statesOf(collectorOf({ kind: ['read', 'other'] }), [
    [
      [
        ['other', 1],
        ['other', 2],
      ],
      [['other', 4]],
    ],
  ])
  t.strictSame(valuesOf(first), { read: 0, other: 7 })
})

t.test('a histogram is added bucket by bucket, with its count and its sum', async (t) => {
  const collector = collectorOf({}, { seconds: histogram('Seconds.', [1, 5]) })
  const [, second] = statesOf(collector, [
    [[['', [1, 2, 3, 9.1]]]],
    [[['', [0, 1, 1, 2.2]]], [['', [1, 1, 1, 0.3]]]],
  ])
  t.strictSame(valuesOf(second), { '': [2, 4, 5, 11.6] })
})

t.test('no bucket of a histogram, nor its count, nor its sum is shown as less than before', async (t) => {
  const collector = collectorOf({}, { seconds: histogram('Seconds.', [1, 5]) })
  const [, second] = statesOf(collector, [[[], [['', [1, 2, 3, 9]]]], [[['', [0, 5, 5, 8.5]]]]])
  t.strictSame(valuesOf(second), { '': [1, 5, 5, 9] })
})

t.test('a new value of an open label has an empty histogram beside each value of a closed one', async (t) => {
  const labels = { provider: open(9), state: ['new', 'old'] }
  const collector = collectorOf(labels, { seconds: histogram('Seconds.', [1]) })
  const [, second] = statesOf(collector, [[[['a/old', [1, 1, 0.5]]]], [[]]])
  t.strictSame(valuesOf(second), { 'a/new': [0, 0, 0], 'a/old': [1, 1, 0.5] })
})

t.test('each metric of a collector has its own total', async (t) => {
  const metrics = { ...things, seconds: histogram('Seconds.', [1]), bytes_total: counter('Bytes ever.') }
  const [, second] = statesOf(collectorOf({}, metrics), [
    [[['', 1, [1, 2, 3.5], 100]]],
    [[], [['', 2, [0, 1, 4], 50]]],
  ])
  t.strictSame(valuesOf(second), { '': [3, [1, 3, 7.5], 150] })
})

t.test('ten thousand tenths are a thousand', async (t) => {
  const collector = collectorOf({})
  const states = statesOf(collector, Array(10_000).fill([[['', 0.1]]]))
  t.strictSame(valuesOf(states.at(-1)), { '': 1000 })
})

t.test('a state is not changed by a run', async (t) => {
  const collector = collectorOf({ provider: open(9) })
  const [first] = statesOf(collector, [[[['a', 3]]]])
  t.ok(first)
  if (first === undefined) return
  const before = structuredClone(first)
  advance(
    collector,
    first,
    [
      ['a', 1],
      ['b', 2],
    ],
    [['a', 5]],
  )
  t.strictSame(first, before)
})

t.test('of new values the largest have a series, and the rest is "other"', async (t) => {
  const found: Found = [
    ['a', 1],
    ['b', 5],
    ['c', 2],
    ['d', 4],
  ]
  const [, second] = statesOf(collectorOf({ provider: open(2) }), [[found], [[]]])
  t.strictSame(valuesOf(second), { b: 5, d: 4, other: 3 })
})

t.test('a value with a series keeps it when others become larger', async (t) => {
  const states = statesOf(collectorOf({ provider: open(1) }), [[[['a', 1]]], [[['b', 100]]], [[['a', 2]]]])
  t.strictSame(valuesOf(states.at(-1)), { a: 3, other: 100 })
})

t.test('a value beyond the limit is "other" for ever', async (t) => {
  const found: Found = [
    ['a', 1],
    ['b', 100],
  ]
  const states = statesOf(collectorOf({ provider: open(1) }), [[[['a', 1]]], [found], [[['b', 100]]], [[]]])
  t.strictSame(valuesOf(states.at(-1)), { a: 2, other: 200 })
})

t.test('"other" is a new label set too, shown as 0 for one round', async (t) => {
  const states = statesOf(collectorOf({ provider: open(1) }), [[[['a', 1]]], [[['b', 9]]], [[['c', 5]]]])
  t.strictSame(states.map(valuesOf), [{ a: 0 }, { a: 1, other: 0 }, { a: 1, other: 14 }])
})

t.test('a value that comes while there is room has a series of its own', async (t) => {
  const states = statesOf(collectorOf({ provider: open(2) }), [
    [[['a', 9]]],
    [[['b', 1]]],
    [[['c', 5]]],
    [[]],
  ])
  t.strictSame(valuesOf(states.at(-1)), { a: 9, b: 1, other: 5 })
})

t.test('"other" in the data takes none of the places, and is not folded', async (t) => {
  const collector = collectorOf({ provider: open(1) })
  const { state, folded } = advance(collector, startWindow(collector, START), [
    ['other', 100],
    ['a', 1],
  ])
  t.strictSame(Object.keys(valuesOf(state)).sort(), ['a', 'other'])
  t.equal(folded, 0)
})

t.test('"other" that has a series takes none of the places either', async (t) => {
  const states = statesOf(collectorOf({ provider: open(1) }), [[[['other', 9]]], [[['a', 1]]], [[]]])
  t.strictSame(valuesOf(states.at(-1)), { other: 9, a: 1 })
})

t.test('"other" that has a series takes none of the room of the series budget', async (t) => {
  const states = statesOf(collectorOf({ provider: open(9) }), [[[['other', 9]]], [[['a', 1]]], [[]]], 2)
  t.strictSame(valuesOf(states.at(-1)), { other: 9, a: 1 })
})

t.test('folded series are counted', async (t) => {
  const collector = collectorOf({ provider: open(1) }, { seconds: histogram('Seconds.', [1, 5]) })
  const found: Found = [
    ['a', [1, 2, 3, 4.5]],
    ['b', [0, 1, 1, 2.5]],
  ]
  // Two buckets, +Inf, the sum and the count.
  t.equal(advance(collector, startWindow(collector, START), found).folded, 5)
})

t.test('past the series budget new groups are "other" in all of their open labels', async (t) => {
  const collector = collectorOf({ provider: open(100), city: open(100) })
  const found: Found = [
    ['a/x', 5],
    ['a/y', 1],
    ['b/x', 2],
  ]
  const [, second] = statesOf(collector, [[found], [[]]], 2)
  t.strictSame(valuesOf(second), { 'a/x': 5, 'other/other': 3 })
})

t.test('a group with series keeps them when the budget becomes smaller', async (t) => {
  const collector = collectorOf({ provider: open(100) })
  const found: Found = [
    ['a', 5],
    ['b', 1],
  ]
  const [first] = statesOf(collector, [[found]])
  t.ok(first)
  if (first === undefined) return
  const { state } = advance(
    collector,
    first,
    [
      ['b', 1],
      ['c', 9],
    ],
    [],
    1,
  )
  t.strictSame(valuesOf(state), { a: 5, b: 2, other: 0 })
})

t.test('a budget too small for one group has all in "other"', async (t) => {
  const [, second] = statesOf(
    collectorOf({ provider: open(9), state: ['new', 'old'] }),
    [[[['a/new', 3]]], [[]]],
    1,
  )
  t.strictSame(valuesOf(second), { 'other/new': 3, 'other/old': 0 })
})

t.test('when not all windows were asked, what was shown stays', async (t) => {
  const collector = collectorOf({})
  const [first] = statesOf(collector, [[[], [['', 7]]]])
  t.ok(first)
  if (first === undefined) return
  const rows = { sealedTo: at(60), sealed: setsOf([['', 2]]), open: [] }
  const { state } = finish(advanceWindow(collector, first, rows, PLENTY, READ))
  t.strictSame(valuesOf(state), { '': 7 })
  t.equal(state.sealedTo, at(60))
})

/** A row of the simulated database: what it counts, in millionths, and from when on a query sees it. */
interface Row {
  readonly moment: Moment
  readonly committed: Moment
  readonly labels: readonly string[]
  readonly millionths: bigint
}

/** A round at a time, by a clock that may be behind it. One that fails leaves everything as it was. */
interface Round {
  readonly time: Moment
  readonly clock: Moment
  readonly fails: boolean
  /** How many windows it has time to seal. */
  readonly most: number
}

interface History {
  /** In milliseconds. */
  readonly settle: number
  readonly rows: readonly Row[]
  readonly rounds: readonly Round[]
}

/** What a round left: its state, all windows that are sealed by then, and the rows that were committed. */
interface Played {
  readonly state: WindowState
  readonly sealed: readonly Window[]
  readonly committed: readonly Row[]
}

/** A sum of millionths as SQL gives it to a query. */
function numberOf(millionths: bigint): number {
  return Number(`${millionths / 1_000_000n}.${String(millionths % 1_000_000n).padStart(6, '0')}`)
}

function keyOf(labels: readonly string[]): string {
  return labels.join('/')
}

/** What rows sum to, by their labels. */
function sumsOf(rows: readonly Row[]): Map<string, bigint> {
  const sums = new Map<string, bigint>()
  for (const { labels, millionths } of rows) {
    sums.set(keyOf(labels), (sums.get(keyOf(labels)) ?? 0n) + millionths)
  }
  return sums
}

/** The database: a row for each label set of those that were committed with a moment in the window. */
function answer(committed: readonly Row[], { from, to }: Window): LabelSet[] {
  const rows = committed.filter(({ moment }) => from < moment && moment <= to)
  return Array.from(sumsOf(rows), ([key, sum]) => ({ labels: key.split('/'), values: [numberOf(sum)] }))
}

/** Plays a history, and two rounds after it when everything has settled, and tells what each round left. */
function play(collector: Collector, { settle, rows, rounds }: History, budget = PLENTY): Played[] {
  const latest = [...rows.map(({ committed }) => committed), ...rounds.map(({ time }) => time)].reduce(
    (a, b) => (a > b ? a : b),
    START,
  )
  const end = { time: later(latest, settle), clock: later(latest, settle), fails: false, most: PLENTY }
  let state = startWindow(collector, START)
  let windows: readonly Window[] = []
  return [...rounds, end, end].map(({ time, clock, fails, most }) => {
    const committed = rows.filter((row) => row.committed <= time)
    const planned = plan(state, clock, settle)
    const asked = planned.sealed.slice(0, most)
    const sealedTo = asked.at(-1)?.to ?? state.sealedTo
    const sealed = asked.flatMap((window) => answer(committed, window))
    const open = sealedTo === planned.open.from ? answer(committed, planned.open) : []
    const next = finish(advanceWindow(collector, state, { sealedTo, sealed, open }, budget, READ)).state
    if (!fails) {
      state = next
      windows = [...windows, ...asked]
    }
    return { state, sealed: windows, committed }
  })
}

const labelTexts = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('new', 'old'))

/**
 * Rows and rounds of some hours, mostly on whole minutes or a microsecond beside them, where windows meet. `late` is
 * how many minutes after its moment a row may be committed, `back` how many a clock may be behind.
 */
function historyOf(
  settle: number,
  { late, back, labels }: { late: number; back: number; labels: fc.Arbitrary<readonly string[]> },
): fc.Arbitrary<History> {
  const jitter = fc.integer({ min: -1, max: 1 })
  const row = fc
    .record({
      minute: fc.integer({ min: 1, max: 300 }),
      jitter,
      late: fc.nat(late),
      labels,
      millionths: fc.oneof(fc.constant(1_000_000n), fc.bigInt({ min: 0n, max: 10n ** 13n })),
    })
    .map(({ minute, jitter, late, labels, millionths }): Row => {
      return { moment: at(minute, jitter), committed: at(minute + late, jitter), labels, millionths }
    })
  const round = fc.record({
    gap: fc.oneof({ weight: 3, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.nat(200) }),
    jitter,
    back: fc.nat(back),
    fails: fc.boolean(),
    most: fc.constantFrom(1, 2, PLENTY),
  })
  return fc
    .record({ rows: fc.array(row, { maxLength: 40 }), rounds: fc.array(round, { maxLength: 25 }) })
    .map(({ rows, rounds }): History => {
      let minute = 1
      let time = START
      return {
        settle: settle * MINUTE,
        rows,
        rounds: rounds.map(({ gap, jitter, back, fails, most }) => {
          minute += gap
          const next = at(minute, jitter)
          if (next > time) time = next
          return { time, clock: later(time, -back * MINUTE), fails, most }
        }),
      }
    })
}

const minutes = fc.nat(6)
/** Rows are committed while their window is open, and the clock goes on. */
const orderly = minutes.chain((settle) => historyOf(settle, { late: settle, back: 0, labels: labelTexts }))
/** Rows are committed as late as they like, and the clock is behind as much as it likes. */
const unruly = minutes.chain((settle) => historyOf(settle, { late: 90, back: 90, labels: labelTexts }))

const byLabels = collectorOf({ provider: open(9), state: ['new', 'old'] })

t.test('when everything has settled, every total is the exact sum of its rows', async () => {
  fc.assert(
    fc.property(orderly, (history) => {
      const sums = sumsOf(history.rows)
      const groups = new Set(history.rows.map(({ labels }) => labels[0]))
      const wanted = [...groups].flatMap((group) =>
        ['new', 'old'].map((state) => [`${group}/${state}`, numberOf(sums.get(`${group}/${state}`) ?? 0n)]),
      )
      const shown = Object.entries(valuesOf(play(byLabels, history).at(-1)?.state))
      return JSON.stringify(shown.sort()) === JSON.stringify(wanted.sort())
    }),
    { numRuns: 2000 },
  )
})

t.test('a clock that steps back by less than settle loses no row', async () => {
  // The moment of a row is taken from the same clock, and what is committed within settle of it is counted.
  const history = fc.integer({ min: 1, max: 6 }).chain((step) => {
    return historyOf(step + 6, { late: 6, back: 0, labels: labelTexts }).map((history): History => {
      const [from, to] = [at(100), at(200)]
      const behind = (time: Moment) => (time >= from && time < to ? later(time, -step * MINUTE) : time)
      return {
        ...history,
        rows: history.rows.map((row) => ({ ...row, moment: behind(row.moment) })),
        rounds: history.rounds.map((round) => ({ ...round, clock: behind(round.time) })),
      }
    })
  })
  fc.assert(
    fc.property(history, (history) => {
      const shown = valuesOf(play(byLabels, history).at(-1)?.state)
      return [...sumsOf(history.rows)].every(([key, sum]) => shown[key] === numberOf(sum))
    }),
    { numRuns: 1000 },
  )
})

/** Whether every value is at least what it was in the round before, and no label set is gone. */
function grows(played: readonly Played[]): boolean {
  return played.every(({ state }, i) => {
    const shown = valuesOf(state)
    return Object.entries(valuesOf(played[i - 1]?.state)).every(([key, before]) => {
      return Number(shown[key] ?? Number.NaN) >= Number(before)
    })
  })
}

t.test('a total never decreases from round to round, even when the clock steps back', async () => {
  fc.assert(
    fc.property(fc.oneof(orderly, unruly), (history) => grows(play(byLabels, history))),
    { numRuns: 2000 },
  )
})

t.test(
  'no row is shown before it was committed, and none twice, even when the clock steps back',
  async () => {
    fc.assert(
      fc.property(fc.oneof(orderly, unruly), (history) =>
        play(byLabels, history).every(({ state, committed }) => {
          const sums = sumsOf(committed)
          return Object.entries(valuesOf(state)).every(
            ([key, value]) => Number(value) <= numberOf(sums.get(key) ?? 0n),
          )
        }),
      ),
      { numRuns: 2000 },
    )
  },
)

t.test(
  'the windows that are sealed have no hole and no overlap, even when the clock steps back',
  async () => {
    fc.assert(
      fc.property(fc.oneof(orderly, unruly), (history) =>
        play(byLabels, history).every(({ state, sealed }) => {
          return covers(sealed, START, state.sealedTo) && sealed.every(({ from, to }) => from < to)
        }),
      ),
      { numRuns: 2000 },
    )
  },
)

t.test('a label set that was not there is shown as 0 first', async () => {
  fc.assert(
    fc.property(orderly, (history) => {
      let known: Record<string, unknown> = {}
      return play(byLabels, history).every(({ state }) => {
        const shown = valuesOf(state)
        const zero = Object.entries(shown).every(([key, value]) => key in known || value === 0)
        known = shown
        return zero
      })
    }),
    { numRuns: 1000 },
  )
})

t.test('rows that were committed in time are shown at the next round that reaches the present', async () => {
  fc.assert(
    fc.property(orderly, (history) => {
      const rounds = history.rounds.map((round) => ({ ...round, fails: false, most: PLENTY }))
      const played = play(collectorOf({ provider: ['a', 'b', 'c'], state: ['new', 'old'] }), {
        ...history,
        rounds,
      })
      return played.every(({ state, committed }) => {
        const shown = valuesOf(state)
        return [...sumsOf(committed)].every(([key, sum]) => shown[key] === numberOf(sum))
      })
    }),
    { numRuns: 1000 },
  )
})

/** Collectors that have less room than their rows have label values, and histories with those. */
const texts = ['a', 'b', 'c', 'd', 'e', 'f']
const label = fc.oneof(
  fc.subarray(texts.slice(0, 3)).map((values): readonly string[] => [...values, OTHER]),
  fc.integer({ min: 1, max: 4 }).map(open),
)
const narrow = fc
  .tuple(
    fc.dictionary(fc.constantFrom('kind', 'state', 'provider', 'city'), label, {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    }),
    minutes,
    fc.nat(30),
  )
  .chain(([labels, settle, spare]) => {
    const collector = collectorOf(labels)
    // A value that a closed label does not list comes as "other".
    const text = collector.labels.map(({ values }) => fc.constantFrom(...(values ?? texts)))
    return fc.record({
      collector: fc.constant(collector),
      budget: fc.constant(seriesOfGroup(collector) + spare),
      history: historyOf(settle, { late: settle, back: 0, labels: fc.tuple(...text) }),
    })
  })

t.test('there are never more series than the budget has', async () => {
  fc.assert(
    fc.property(narrow, ({ collector, history, budget }) => {
      return play(collector, history, budget).every(({ state }) => {
        return shownSets(state).reduce((sum, set) => sum + seriesOf(set, collector.metrics), 0) <= budget
      })
    }),
    { numRuns: 1000 },
  )
})

t.test('an open label never has more values than its limit and "other"', async () => {
  fc.assert(
    fc.property(narrow, ({ collector, history, budget }) => {
      return play(collector, history, budget).every(({ state }) =>
        collector.labels.every(({ limit }, i) => {
          const shown = new Set(shownSets(state).map(({ labels }) => labels[i]))
          shown.delete(OTHER)
          return shown.size <= limit
        }),
      )
    }),
    { numRuns: 1000 },
  )
})

t.test('what was shown is neither gone nor less when there is no more room', async () => {
  fc.assert(
    fc.property(narrow, ({ collector, history, budget }) => grows(play(collector, history, budget))),
    { numRuns: 1000 },
  )
})

t.test('every row is in one total when there is no more room', async () => {
  fc.assert(
    fc.property(narrow, ({ collector, history, budget }) => {
      const state = play(collector, history, budget).at(-1)?.state
      const shown = state === undefined ? [] : shownSets(state)
      // Sums of a few such numbers with six decimals are exact to the millionth once they are rounded to it.
      const millionths = shown.reduce(
        (sum, { values }) => sum + BigInt(Math.round(Number(values[0]) * 1e6)),
        0n,
      )
      return millionths === history.rows.reduce((sum, row) => sum + row.millionths, 0n)
    }),
    { numRuns: 1000 },
  )
})

t.test('a series of its own has all of its rows, none of which was "other" before', async () => {
  fc.assert(
    fc.property(narrow, ({ collector, history, budget }) => {
      const sums = sumsOf(history.rows)
      const state = play(collector, history, budget).at(-1)?.state
      return (state === undefined ? [] : shownSets(state)).every(({ labels, values }) => {
        const own = collector.labels.every(({ values }, i) => values !== undefined || labels[i] !== OTHER)
        return !own || values[0] === numberOf(sums.get(keyOf(labels)) ?? 0n)
      })
    }),
    { numRuns: 1000 },
  )
})
