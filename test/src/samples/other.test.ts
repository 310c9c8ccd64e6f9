import fc from 'fast-check'
import t from 'tap'
import { counter, defineCollector, type Labels, open } from '../../../src/collector.ts'
import { type Collector, OTHER } from '../../../src/contract/collector.ts'
import type { LabelSet } from '../../../src/rows/label-set.ts'
import { Rows } from '../../../src/rows/rows.ts'
import { seriesOfGroup } from '../../../src/samples/group.ts'
import { chooseLabels, listedSets } from '../../../src/samples/other.ts'
import { samplesOf } from '../../../src/samples/samples.ts'
import { advanceWindow, shownSets, startWindow } from '../../../src/samples/window.ts'
import { finish } from '../../../src/time/slices.ts'

function collectorOf(labels: Labels): Collector {
  return defineCollector({
    name: 'things',
    labels,
    metrics: { things_total: counter('Things ever.') },
    window: { settle: '2m' },
    query: (sql) => sql`SELECT 1`,
  }).collector
}

type Row = readonly [labels: readonly string[], count: number]

function rowsOf(collector: Collector, given: readonly Row[]): Rows {
  const rows = new Rows(collector)
  rows.columns([...collector.labels, ...collector.metrics].map(({ name }) => name))
  for (const [labels, count] of given) rows.add([...labels, count])
  return rows
}

/** The labels that a collector shows of these rows, and those that it shows of them when they are its first window. */
function shownAs(
  collector: Collector,
  given: readonly Row[],
  budget: number,
): [gauge: string[], window: string[]] {
  const rows = rowsOf(collector, given)
  const found = { sealedTo: 0n, sealed: [...listedSets(collector, rows)], open: [] }
  const { state } = finish(advanceWindow(collector, startWindow(collector, 0n), found, budget, undefined))
  const namesOf = (sets: Iterable<LabelSet>) => Array.from(sets, ({ labels }) => labels.join('/')).sort()
  return [namesOf(finish(samplesOf(collector, rows, budget)).sets), namesOf(shownSets(state))]
}

/** How labels are shown when these rows have to fit into a budget, and these labels are kept. */
function relabeling(
  collector: Collector,
  given: readonly Row[],
  budget: number,
  keep: readonly (readonly string[])[] = [],
) {
  const sets = given.map(([labels, count]) => ({ labels, values: [count] }))
  return finish(chooseLabels(collector, sets, { keep, budget }))
}

const texts = ['a', 'b', 'c', 'd', 'e', 'f', OTHER]
const closed = fc.subarray(texts.slice(0, 3)).map((values): readonly string[] => [...values, OTHER])
const limited = fc.integer({ min: 1, max: 4 }).map(open)
const crowded = fc
  .dictionary(fc.constantFrom('kind', 'state', 'provider', 'city'), fc.oneof(closed, limited), {
    minKeys: 1,
    maxKeys: 3,
    noNullPrototype: true,
  })
  .chain((labels) => {
    const collector = collectorOf(labels)
    const row: fc.Arbitrary<Row> = fc.tuple(
      fc.tuple(...collector.labels.map(() => fc.constantFrom(...texts))),
      fc.integer({ min: 0, max: 9 }),
    )
    return fc.record({
      collector: fc.constant(collector),
      budget: fc.nat(30).map((spare) => seriesOfGroup(collector) + spare),
      runs: fc.array(fc.array(row, { maxLength: 40 }), { minLength: 1, maxLength: 4 }),
    })
  })

t.test(
  'of the same rows a gauge and a window that has nothing to keep show the same label sets',
  async () => {
    fc.assert(
      fc.property(crowded, ({ collector, budget, runs: [rows = []] }) => {
        // With "other" among the rows: a window has a place for it in any case, and a gauge when it occurs.
        const other: Row = [collector.labels.map(() => OTHER), 0]
        const [gauge, window] = shownAs(collector, [other, ...rows], budget)
        return JSON.stringify(gauge) === JSON.stringify(window)
      }),
      { numRuns: 2000 },
    )
  },
)

t.test('a window has a place for "other" that a gauge gives away while nothing needs it', async (t) => {
  const rows: Row[] = [
    [['a'], 2],
    [['b'], 1],
  ]
  const [gauge, window] = shownAs(collectorOf({ provider: open(9) }), rows, 2)
  t.strictSame(gauge, ['a', 'b'])
  t.strictSame(window, ['a', 'other'])
})

t.test('of equally large values a gauge and a window keep those that come first by name', async (t) => {
  const rows = ['d', 'b', OTHER, 'c', 'a'].map((name): Row => [[name], 7])
  for (const given of [rows, rows.toReversed()]) {
    for (const shown of shownAs(collectorOf({ provider: open(2) }), given, 100))
      t.strictSame(shown, ['a', 'b', 'other'])
  }
})

t.test('an open label keeps the values that are largest over all of their groups', async (t) => {
  const rows: Row[] = [
    [['a', 'x'], 5],
    [['b', 'x'], 4],
    [['b', 'y'], 4],
  ]
  const place = relabeling(collectorOf({ provider: open(1), city: open(9) }), rows, 100)
  t.strictSame(
    rows.map(([labels]) => place(labels)),
    [
      ['other', 'x'],
      ['b', 'x'],
      ['b', 'y'],
    ],
  )
})

t.test('a value that has no group of its own is "other" in the groups that have room', async (t) => {
  const rows: Row[] = [
    [['a', 'x'], 100],
    [['b', 'x'], 20],
    [['b', 'y'], 20],
    [['b', 'z'], 20],
    [['c', 'y'], 50],
  ]
  const place = relabeling(collectorOf({ provider: open(2), city: open(9) }), rows, 3)
  t.strictSame(
    rows.map(([labels]) => place(labels)),
    [
      ['a', 'x'],
      ['other', 'other'],
      ['other', 'y'],
      ['other', 'other'],
      ['other', 'y'],
    ],
  )
})

t.test('labels that keep their own are the same array', async (t) => {
  const labels = ['a', 'new']
  const place = relabeling(collectorOf({ provider: open(1), state: ['new'] }), [[labels, 1]], 100)
  t.equal(place(labels), labels)
})

t.test('what has series keeps them, however small it is', async (t) => {
  const rows: Row[] = [
    [['a'], 100],
    [['b'], 1],
  ]
  const place = relabeling(collectorOf({ provider: open(1) }), rows, 100, [['b']])
  t.strictSame(
    rows.map(([labels]) => place(labels)),
    [['other'], ['b']],
  )
})

/** Two open labels with far more values and groups than there is room for. */
const tight = fc.record({
  collector: fc.tuple(limited, limited).map(([provider, city]) => collectorOf({ provider, city })),
  budget: fc.integer({ min: 2, max: 8 }),
  runs: fc.array(
    fc.array(
      fc.tuple(
        fc.tuple(fc.constantFrom(...texts), fc.constantFrom(...texts)),
        fc.integer({ min: 0, max: 99 }),
      ),
      { maxLength: 20, size: 'max' },
    ),
    { minLength: 2, maxLength: 4, size: 'max' },
  ),
})

t.test(
  'a label set is shown as in the runs before, when each choice keeps what the one before it chose',
  async () => {
    fc.assert(
      fc.property(fc.oneof(crowded, tight), ({ collector, budget, runs }) => {
        let keep: (readonly string[])[] = [collector.labels.map(() => OTHER)]
        const seen = new Map<string, string>()
        return runs.every((rows) => {
          const place = relabeling(collector, rows, budget, keep)
          const placed = rows.map(([labels]) => [labels.join('/'), place(labels)] as const)
          keep = [...keep, ...placed.map(([, labels]) => labels)]
          return placed.every(([key, labels]) => {
            const first = seen.get(key)
            seen.set(key, labels.join('/'))
            return first === undefined || first === labels.join('/')
          })
        })
      }),
      { numRuns: 2000 },
    )
  },
)
