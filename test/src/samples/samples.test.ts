import fc from 'fast-check'
import t from 'tap'
import {
  counter,
  defineCollector,
  gauge,
  histogram,
  type Labels,
  type Metrics,
  open,
  timestamp,
  top,
} from '../../../src/collector.ts'
import { type Collector, OTHER } from '../../../src/contract/collector.ts'
import { renderFamilies } from '../../../src/page/exposition.ts'
import { type Cell, seriesOf } from '../../../src/rows/label-set.ts'
import { Rows } from '../../../src/rows/rows.ts'
import { seriesOfGroup } from '../../../src/samples/group.ts'
import { type Samples, samplesOf } from '../../../src/samples/samples.ts'
import { knownSets } from '../../../src/samples/zeros.ts'
import { finish } from '../../../src/time/slices.ts'
import { samplesOf as samplesOfPage } from '../../exposition.ts'

const PLENTY = 1_000_000

const things = { things: gauge('Things.') }

function collectorOf(labels: Labels, metrics: Metrics = things): Collector {
  return defineCollector({ name: 'things', labels, metrics, query: (sql) => sql`SELECT 1` }).collector
}

/** The samples of rows whose columns are in the order of the collector's labels and metrics. */
function samplesFrom(collector: Collector, rows: readonly (readonly unknown[])[], budget = PLENTY): Samples {
  const taken = new Rows(collector)
  taken.columns([...collector.labels, ...collector.metrics].map(({ name }) => name))
  for (const row of rows) taken.add(row)
  return finish(samplesOf(collector, taken, budget))
}

/** Label values, joined by "/" → the value of each metric, or of the only one. */
function valuesOf({ sets }: Samples): Record<string, unknown> {
  return Object.fromEntries(
    Array.from(sets, ({ labels, values }) => [labels.join('/'), values.length === 1 ? values[0] : values]),
  )
}

/** What the page has for these samples. */
function pageOf(collector: Collector, { sets }: Samples): Record<string, number> {
  return Object.fromEntries(samplesOfPage([...renderFamilies(collector, sets)].join('')))
}

/** How many lines the page has for these samples: what a scrape counts as series. */
function linesOf(collector: Collector, samples: Samples): number {
  return Object.keys(pageOf(collector, samples)).length
}

t.test('the columns of a query may be in any order', async (t) => {
  const collector = collectorOf({ kind: open(9), state: open(9) }, { ...things, others: gauge('Others.') })
  const rows = new Rows(collector)
  rows.columns(['others', 'state', 'things', 'kind'])
  rows.add([2, 'new', 1, 'read'])
  t.strictSame(valuesOf(finish(samplesOf(collector, rows, PLENTY))), { 'read/new': [1, 2] })
})

/** Columns that are wrong, of a query that should return kind, things and others → all that the error names. */
const wrongColumns: [what: string, columns: string[], says: RegExp[]][] = [
  ['a missing label', ['things', 'others'], [/no column "kind"/]],
  ['a missing metric', ['kind', 'others'], [/no column "things"/]],
  ['an unexpected column', ['kind', 'things', 'others', 'state'], [/a column "state"/]],
  ['a repeated column', ['kind', 'things', 'things', 'others'], [/two columns "things"/]],
  ['a misspelt column', ['kind', 'thingz', 'others'], [/no column "things"/, /a column "thingz"/]],
  ['no columns', [], [/"kind"/, /"things"/, /"others"/]],
]
for (const [what, columns, says] of wrongColumns) {
  t.test(`${what} is an error that names it`, async (t) => {
    const rows = new Rows(collectorOf({ kind: open(9) }, { ...things, others: gauge('Others.') }))
    for (const message of says) t.throws(() => rows.columns(columns), { message })
  })
}

const accepted: [what: string, given: unknown, value: number][] = [
  ['a number', 1.5, 1.5],
  ['0', 0, 0],
  ['a negative number', -3, -3],
  ['a bigint', 12n, 12],
  ['the text of a count', '42', 42],
  ['the text of a numeric', '0.000100', 0.0001],
  ['the text of a negative numeric', '-12.50', -12.5],
  ['the text of a double precision', '1.5e-07', 1.5e-7],
  ['the text of a large double precision', '1e+30', 1e30],
]
for (const [what, given, value] of accepted) {
  t.test(`${what} is a value`, async (t) => {
    t.strictSame(valuesOf(samplesFrom(collectorOf({}), [[given]])), { '': value })
  })
}

const noValues: [what: string, given: unknown][] = [
  ['a missing column', undefined],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['the text NaN', 'NaN'],
  ['the text Infinity', 'Infinity'],
  ['the text -Infinity', '-Infinity'],
  ['a number past all floating-point ones', '1e999'],
  ['a text', 'many'],
  ['an empty text', ''],
  ['a blank text', ' '],
  ['a hexadecimal text', '0x10'],
  ['a number with a unit', '5 s'],
  ['two numbers', '1 2'],
  ['true', true],
  ['false', false],
  ['a Date', new Date(0)],
  ['an array', [1]],
  ['an object', { value: 1 }],
]
for (const [what, given] of noValues) {
  t.test(`${what} is no value: it is rejected, has no sample, and is not 0`, async (t) => {
    for (const kind of [open(9), ['bad', 'good']]) {
      const collector = collectorOf({ kind })
      const samples = samplesFrom(collector, [
        ['bad', given],
        ['good', 1],
      ])
      t.strictSame(pageOf(collector, samples), { 'things{kind="good"}': 1 })
      t.strictSame(samples.rejected, { value: 1, label: 0, duplicate: 0 })
    }
  })
}

for (const metric of [
  gauge('Things.'),
  timestamp('Things.'),
  counter('Things.'),
  histogram('Things.', [1]),
]) {
  t.test(`NULL as a ${metric.type} is no sample, no 0 and no rejection`, async (t) => {
    for (const kind of [open(9), ['none', 'other']]) {
      const collector = collectorOf({ kind }, { things: metric, more: gauge('More.') })
      const samples = samplesFrom(collector, [['none', null, 5]])
      t.strictSame(valuesOf(samples).none, [undefined, 5])
      t.match(samples, { rejected: { value: 0 }, rejection: undefined })
    }
  })
}

t.test('NULL for everything, as of sums over nothing, leaves a collector without samples', async (t) => {
  t.strictSame(pageOf(collectorOf({}), samplesFrom(collectorOf({}), [[null]])), {})
})

t.test('a rejection is told in words that name the column and the value', async (t) => {
  t.match(samplesFrom(collectorOf({}), [['many']]).rejection, { problem: /things.*"many"/ })
})

t.test('of several rejections the first is told', async (t) => {
  t.match(samplesFrom(collectorOf({}), [['many'], ['few']]).rejection, { problem: /many/ })
})

t.test('a rejection shows the beginning of a long value', async (t) => {
  const { problem = '', logged } = samplesFrom(collectorOf({}), [['x'.repeat(10_000)]]).rejection ?? {}
  t.match(problem, /xxx/)
  t.ok(problem.length < 1100, `${problem.length} characters`)
  t.ok(Number(logged?.short.problem.length) < 200, 'and the log has less of it')
})

t.test('nothing is told when no row was rejected', async (t) => {
  t.equal(samplesFrom(collectorOf({}), [[1]]).rejection, undefined)
})

t.test('a row says whether it was taken', async (t) => {
  const rows = new Rows(collectorOf({ kind: open(9) }))
  rows.columns(['kind', 'things'])
  t.strictSame([rows.add([null, 1]), rows.add(['read', 1])], [false, true])
})

t.test('a negative counter is rejected', async (t) => {
  const collector = collectorOf({ kind: ['bad', 'good'] }, { things_total: counter('Things ever.') })
  const samples = samplesFrom(collector, [
    ['bad', -1],
    ['good', 0],
  ])
  t.strictSame(pageOf(collector, samples), { 'things_total{kind="good"}': 0 })
  t.strictSame(samples.rejected, { value: 1, label: 0, duplicate: 0 })
})

t.test('each bad value costs its own sample, and the others of its row stand', async (t) => {
  const collector = collectorOf({}, { ...things, others: gauge('Others.'), more: gauge('More.') })
  const samples = samplesFrom(collector, [['many', 1, 'few']])
  t.strictSame(pageOf(collector, samples), { others: 1 })
  t.strictSame(samples.rejected, { value: 2, label: 0, duplicate: 0 })
})

t.test('what observe wrote is the value of a histogram', async (t) => {
  const collector = collectorOf({}, { seconds: histogram('Seconds.', [1, 5]) })
  t.strictSame(valuesOf(samplesFrom(collector, [['2 3 4 17.25']])), { '': [2, 3, 4, 17.25] })
})

t.test('what observe left out is in no bucket, and is counted as rejected', async (t) => {
  const collector = collectorOf({}, { seconds: histogram('Seconds.', [1, 5]) })
  const samples = samplesFrom(collector, [['3 4 7 17.25 1 2']])
  t.strictSame(valuesOf(samples), { '': [2, 3, 4, 17.25] })
  t.match(samples, { rejected: { value: 3 }, rejection: { problem: /^seconds .* negative: 3$/ } })
})

for (const given of [
  '',
  '2 3 4',
  '2 3 4 17.25 1',
  '2 3 4 17.25 0 0 0',
  '2 3 4 17.25 -1 0',
  '2 3 4 17.25 3 0',
  '2 3 4 17.25 0 2',
  '3 2 4 17.25',
  '2 3 2 17.25',
  '-1 3 4 17.25',
  '2 3 4 -17.25',
  '2 3 x 17.25',
  '2 3 4 NaN',
  '2  3 4',
  5,
  [2, 3, 4, 5],
]) {
  t.test(`${JSON.stringify(given)} is no value of a histogram with two buckets`, async (t) => {
    const collector = collectorOf({ kind: ['bad'] }, { seconds: histogram('Seconds.', [1, 5]) })
    const samples = samplesFrom(collector, [['bad', given]])
    t.strictSame(pageOf(collector, samples), {})
    t.match(samples, { rejected: { value: 1 } })
  })
}

t.test('the sum of a histogram may be negative if a bucket is', async (t) => {
  const collector = collectorOf({}, { seconds: histogram('Seconds.', [-1, 5]) })
  t.strictSame(valuesOf(samplesFrom(collector, [['2 3 4 -17.25']])), { '': [2, 3, 4, -17.25] })
})

const labelTexts: [what: string, given: unknown, text: string][] = [
  ['a text', 'read', 'read'],
  ['an empty text', '', ''],
  ['a number', 3, '3'],
  ['a bigint', 3n, '3'],
  ['a boolean', true, 'true'],
]
for (const [what, given, text] of labelTexts) {
  t.test(`${what} is a label value`, async (t) => {
    t.strictSame(valuesOf(samplesFrom(collectorOf({ kind: open(9) }), [[given, 1]])), { [text]: 1 })
  })
}

for (const [what, given] of [
  ['NULL', null],
  ['an object', { kind: 'read' }],
  ['an array', ['read']],
  ['a Date', new Date(0)],
] as const) {
  t.test(`a row with ${what} as a label is rejected`, async (t) => {
    const { sets, rejected } = samplesFrom(collectorOf({ kind: open(9) }), [
      [given, 1],
      ['good', 1],
    ])
    t.match(sets, [{ labels: ['good'] }])
    t.strictSame(rejected, { value: 0, label: 1, duplicate: 0 })
  })
}

t.test('a value that a closed label does not list is rejected', async (t) => {
  const samples = samplesFrom(collectorOf({ kind: ['read', 'write'] }), [
    ['read', 1],
    ['remove', 2],
  ])
  t.strictSame(valuesOf(samples), { read: 1, write: 0 })
  t.strictSame(samples.rejected, { value: 0, label: 1, duplicate: 0 })
  t.match(samples.rejection, { problem: /kind.*"remove"/ })
})

t.test('values that a closed label does not list are summed in its "other"', async (t) => {
  const samples = samplesFrom(collectorOf({ kind: ['read', 'other'] }), [
    ['read', 1],
    ['remove', 2],
    ['rename', 3],
    ['other', 4],
  ])
  t.strictSame(valuesOf(samples), { read: 1, other: 9 })
})

t.test('an unlisted value is neither rejected nor folded for want of room', async (t) => {
  const samples = samplesFrom(collectorOf({ kind: ['read', 'other'] }), [
    ['remove', 2],
    ['rename', 3],
  ])
  t.match(samples, { rejected: { label: 0 }, rejection: undefined, folded: 0 })
})

t.test('histograms are summed bucket by bucket', async (t) => {
  const collector = collectorOf({ kind: ['other'] }, { seconds: histogram('Seconds.', [1, 5]) })
  const samples = samplesFrom(collector, [
    ['remove', '1 2 3 4.5'],
    ['rename', '10 20 30 40.5'],
  ])
  t.strictSame(valuesOf(samples), { other: [11, 22, 33, 45] })
})

t.test('of rows with the same labels the first is kept, and the rest is rejected', async (t) => {
  const samples = samplesFrom(collectorOf({ kind: open(9), state: open(9) }), [
    ['read', 'new', 1],
    ['read', 'old', 2],
    ['read', 'new', 3],
    ['read', 'new', 4],
  ])
  t.strictSame(valuesOf(samples), { 'read/new': 1, 'read/old': 2 })
  t.strictSame(samples.rejected, { value: 0, label: 0, duplicate: 2 })
  t.match(samples.rejection, { problem: /read.*new/ })
})

t.test('two rows of a collector without labels are duplicates', async (t) => {
  t.match(samplesFrom(collectorOf({}), [[1], [2]]), { sets: [{ values: [1] }], rejected: { duplicate: 1 } })
})

t.test('a number and its text are the same label value', async (t) => {
  const rows = [
    [1, 1],
    ['1', 2],
  ]
  t.match(samplesFrom(collectorOf({ kind: open(9) }), rows), { rejected: { duplicate: 1 } })
})

t.test('a row whose label is bad does not take the place of a good one', async (t) => {
  const samples = samplesFrom(collectorOf({ kind: open(9), state: open(9) }), [
    ['read', null, 1],
    ['read', 'new', 2],
  ])
  t.strictSame(valuesOf(samples), { 'read/new': 2 })
  t.strictSame(samples.rejected, { value: 0, label: 1, duplicate: 0 })
})

t.test('a good value does not take the place of a bad one with the same labels', async (t) => {
  const collector = collectorOf({ kind: ['read'] })
  const samples = samplesFrom(collector, [
    ['read', 'many'],
    ['read', 2],
  ])
  t.strictSame(pageOf(collector, samples), {})
  t.strictSame(samples.rejected, { value: 1, label: 0, duplicate: 1 })
})

/** Labels of a rejected row → the combinations of a, b and other that its own may have been. */
const unknown: [what: string, given: unknown[], withheld: string[]][] = [
  ['NULL as its second label', ['a', null], ['a/a', 'a/b', 'a/other']],
  ['NULL as its first label', [null, 'b'], ['a/b', 'b/b']],
  ['NULL as both labels', [null, null], ['a/a', 'a/b', 'a/other', 'b/a', 'b/b', 'b/other']],
  ['no text as its label', [['a'], 'b'], ['a/b', 'b/b']],
  ['NULL beside what is not listed', [null, 'odd'], ['a/other', 'b/other']],
  ['what is not listed', ['odd', 'a'], []],
  ['NULL beside what is not listed and is not "other"', ['odd', null], []],
  ['a text without end', ['x'.repeat(2000), null], []],
]
for (const [what, given, withheld] of unknown) {
  t.test(`a row with ${what} leaves out the zeros that may be its own`, async (t) => {
    const collector = collectorOf({ first: ['a', 'b'], second: ['a', 'b', 'other'] })
    const filled = valuesOf(samplesFrom(collector, []))
    const samples = samplesFrom(collector, [[...given, 3]])
    t.match(samples, { rejected: { label: 1 } })
    t.strictSame(
      Object.keys(filled).filter((labels) => !(labels in valuesOf(samples))),
      withheld,
    )
  })
}

t.test('a row with a bad label leaves what other rows have', async (t) => {
  const samples = samplesFrom(collectorOf({ kind: ['a', 'b'] }), [
    [null, 3],
    ['a', 4],
  ])
  t.strictSame(valuesOf(samples), { a: 4 })
})

t.test('a row with a bad label leaves out the zeros of its own value of an open label', async (t) => {
  const samples = samplesFrom(collectorOf({ provider: open(9), state: ['new', 'old'] }), [
    ['x', null, 1],
    ['x', 'new', 2],
    ['y', 'new', 3],
    ['z', null, 4],
  ])
  t.strictSame(valuesOf(samples), { 'x/new': 2, 'y/new': 3, 'y/old': 0 })
})

t.test('a row with a bad label leaves out the zeros of the "other" that it folds into', async (t) => {
  const rows = [
    ['big', 'new', 9],
    ['small', 'new', 1],
  ]
  const collector = collectorOf({ provider: open(1), state: ['new', 'old', 'lost'] })
  const filled = { 'big/new': 9, 'big/old': 0, 'big/lost': 0, 'other/new': 1 }
  t.strictSame(valuesOf(samplesFrom(collector, [...rows, ['small', null, 1]])), filled)
  t.strictSame(valuesOf(samplesFrom(collector, [...rows, ['big', null, 1]])), {
    'big/new': 9,
    'other/new': 1,
    'other/old': 0,
    'other/lost': 0,
  })
})

for (const fold of ['sum', 'min', 'max', 'none'] as const) {
  t.test(`"other" has no sample while a value that folds into it is rejected (${fold})`, async (t) => {
    const collector = collectorOf({ kind: ['a', 'other'] }, { things: gauge('Things.', { fold }) })
    for (const more of [[], [['y', 5]], [['other', 6]]]) {
      const rows = [['x', 'many'], ...more]
      const samples = samplesFrom(collector, rows)
      t.strictSame(pageOf(collector, samples), { 'things{kind="a"}': 0 })
      t.equal(samples.rejected.value, 1)
    }
  })
}

t.test('NULLs are left out of what folds into "other", as SQL leaves them out of sums', async (t) => {
  const samples = samplesFrom(collectorOf({ kind: ['other'] }), [
    ['x', null],
    ['y', 5],
    ['z', 6],
  ])
  t.strictSame(valuesOf(samples), { other: 11 })
  t.strictSame(
    valuesOf(
      samplesFrom(collectorOf({ kind: ['other'] }), [
        ['x', null],
        ['y', null],
      ]),
    ),
    {
      other: undefined,
    },
  )
})

t.test('without labels, no row is 0', async (t) => {
  t.strictSame(valuesOf(samplesFrom(collectorOf({}), [])), { '': 0 })
})

t.test('every combination of closed labels that has no row is 0', async (t) => {
  const collector = collectorOf({ kind: ['read', 'write'], state: ['new', 'old'] })
  t.strictSame(valuesOf(samplesFrom(collector, [['write', 'new', 7]])), {
    'read/new': 0,
    'read/old': 0,
    'write/new': 7,
    'write/old': 0,
  })
})

t.test('an open label without rows has no samples', async (t) => {
  t.strictSame(samplesFrom(collectorOf({ kind: open(9), state: ['new', 'old'] }), []).sets, [])
})

t.test('each value of an open label has every value of a closed one', async (t) => {
  const collector = collectorOf({ provider: open(9), state: ['new', 'old'] })
  const samples = samplesFrom(collector, [
    ['a', 'new', 1],
    ['b', 'old', 2],
  ])
  t.strictSame(valuesOf(samples), { 'a/new': 1, 'a/old': 0, 'b/new': 0, 'b/old': 2 })
})

t.test('values of two open labels are combined only as the data has them', async (t) => {
  const collector = collectorOf({ provider: open(9), state: ['new', 'old'], city: open(9) })
  const samples = samplesFrom(collector, [
    ['a', 'new', 'x', 1],
    ['b', 'old', 'y', 2],
  ])
  t.strictSame(valuesOf(samples), { 'a/new/x': 1, 'a/old/x': 0, 'b/new/y': 0, 'b/old/y': 2 })
})

t.test('a histogram without a row has 0 in each bucket, its count and its sum', async (t) => {
  const collector = collectorOf({}, { seconds: histogram('Seconds.', [1, 5]) })
  t.strictSame(
    [...samplesOfPage([...renderFamilies(collector, samplesFrom(collector, []).sets)].join('')).values()],
    [0, 0, 0, 0, 0],
  )
})

t.test('what is known before any row is what a query without rows gives', async (t) => {
  const metrics = {
    ...things,
    seconds: histogram('Seconds.', [1, 5]),
    last_timestamp_seconds: timestamp('The last one.'),
  }
  for (const labels of [
    {},
    { kind: ['read', 'write'], state: ['new', 'other'] },
    { kind: open(9), state: ['new'] },
  ]) {
    const collector = collectorOf(labels, metrics)
    t.strictSame(knownSets(collector), [...samplesFrom(collector, []).sets], Object.keys(labels).join())
  }
})

t.test('a timestamp is not filled with 0', async (t) => {
  const collector = collectorOf(
    { kind: ['read', 'write'] },
    { last_timestamp_seconds: timestamp('The last one.') },
  )
  const { sets } = samplesFrom(collector, [['read', '1700000000.5']])
  t.strictSame(
    samplesOfPage([...renderFamilies(collector, sets)].join('')),
    new Map([['last_timestamp_seconds{kind="read"}', 1700000000.5]]),
  )
})

t.test('a timestamp that is NULL gives no sample, and rejects nothing', async (t) => {
  const collector = collectorOf(
    { kind: open(9) },
    { ...things, last_timestamp_seconds: timestamp('The last.') },
  )
  const samples = samplesFrom(collector, [['read', 3, null]])
  t.strictSame(
    samplesOfPage([...renderFamilies(collector, samples.sets)].join('')),
    new Map([['things{kind="read"}', 3]]),
  )
  t.strictSame(samples.rejected, { value: 0, label: 0, duplicate: 0 })
})

t.test('a timestamp that is no number is rejected', async (t) => {
  const collector = collectorOf({ kind: open(9) }, { last_timestamp_seconds: timestamp('The last.') })
  t.match(samplesFrom(collector, [['read', new Date(0)]]), { sets: [], rejected: { value: 1 } })
})

t.test('an open label keeps its largest values, and the rest is "other"', async (t) => {
  const samples = samplesFrom(collectorOf({ provider: open(2) }), [
    ['a', 1],
    ['b', 5],
    ['c', 2],
    ['d', 4],
  ])
  t.strictSame(valuesOf(samples), { b: 5, d: 4, other: 3 })
})

t.test('as many values as an open label may have are all kept', async (t) => {
  const rows = [
    ['a', 1],
    ['b', 5],
  ]
  const samples = samplesFrom(collectorOf({ provider: open(2) }), rows)
  t.strictSame(valuesOf(samples), { a: 1, b: 5 })
})

t.test('how large a value is shows over all of its rows', async (t) => {
  const collector = collectorOf({ provider: open(1), state: ['new', 'old'] })
  const samples = samplesFrom(collector, [
    ['a', 'new', 5],
    ['b', 'new', 4],
    ['b', 'old', 4],
  ])
  t.strictSame(valuesOf(samples), { 'b/new': 4, 'b/old': 4, 'other/new': 5, 'other/old': 0 })
})

t.test('a histogram is as large as its count', async (t) => {
  const collector = collectorOf({ provider: open(1) }, { seconds: histogram('Seconds.', [1]) })
  const samples = samplesFrom(collector, [
    ['slow', '0 2 900'],
    ['frequent', '9 9 1'],
  ])
  t.strictSame(Object.keys(valuesOf(samples)).sort(), ['frequent', 'other'])
})

t.test('a value far below 0 is large', async (t) => {
  const rows = [
    ['a', 1],
    ['b', -50],
  ]
  const samples = samplesFrom(collectorOf({ provider: open(1) }), rows)
  t.strictSame(valuesOf(samples), { b: -50, other: 1 })
})

t.test(
  'of equally large values those are kept that come first by name, in whatever order the rows come',
  async (t) => {
    const rows = ['d', 'b', 'c', 'a'].map((name) => [name, 7])
    const collector = collectorOf({ provider: open(2) })
    t.strictSame(valuesOf(samplesFrom(collector, rows)), { a: 7, b: 7, other: 14 })
    t.strictSame(valuesOf(samplesFrom(collector, rows.toReversed())), { a: 7, b: 7, other: 14 })
  },
)

t.test('folded series are counted', async (t) => {
  const rows = ['a', 'b', 'c', 'd', 'e'].map((name, i) => [name, 10 - i])
  t.equal(samplesFrom(collectorOf({ provider: open(2) }), rows).folded, 3)
})

t.test(
  'the rest of a label of which only the largest are asked for is "other", and not counted',
  async (t) => {
    const rows = [
      ['a', 'x', 9],
      ['b', 'x', 8],
      ['c', 'x', 1],
      ['d', 'y', 1],
    ]
    const samples = samplesFrom(collectorOf({ provider: top(2), state: open(9) }), rows)
    t.strictSame(valuesOf(samples), { 'a/x': 9, 'b/x': 8, 'other/x': 1, 'other/y': 1 })
    t.equal(samples.folded, 0)
    t.equal(
      samplesFrom(collectorOf({ provider: top(2), state: open(1) }), rows).folded,
      1,
      'as y has no room',
    )
  },
)

t.test('a folded histogram counts with each of its series', async (t) => {
  const collector = collectorOf({ provider: open(1) }, { seconds: histogram('Seconds.', [1, 5]) })
  const rows = [
    ['a', '1 2 3 4.5'],
    ['b', '0 1 1 2.5'],
  ]
  // Two buckets, +Inf, the sum and the count.
  t.equal(samplesFrom(collector, rows).folded, 5)
})

t.test('nothing is folded while there is room', async (t) => {
  t.equal(samplesFrom(collectorOf({ provider: open(1) }), [['a', 1]]).folded, 0)
})

t.test('"other" in the data takes none of the places, and is not folded', async (t) => {
  const samples = samplesFrom(collectorOf({ provider: open(2) }), [
    ['other', 100],
    ['a', 1],
    ['b', 2],
  ])
  t.strictSame(valuesOf(samples), { other: 100, a: 1, b: 2 })
  t.equal(samples.folded, 0)
})

t.test('"other" in the data is one with the values that fold, which alone are counted', async (t) => {
  const samples = samplesFrom(collectorOf({ provider: open(1) }), [
    ['a', 1],
    ['other', 100],
    ['b', 2],
  ])
  t.strictSame(valuesOf(samples), { b: 2, other: 101 })
  t.equal(samples.folded, 1)
})

t.test('past the series budget the smallest groups fold', async (t) => {
  const rows = ['a', 'b', 'c', 'd', 'e'].map((name, i) => [name, i])
  const samples = samplesFrom(collectorOf({ provider: open(100) }), rows, 3)
  t.strictSame(valuesOf(samples), { d: 3, e: 4, other: 3 })
  t.match(samples, { series: 3, folded: 3 })
})

t.test('past the series budget too, "other" in the data is not folded', async (t) => {
  const rows = ['a', 'b', 'c', 'other'].map((name, i) => [name, i])
  const samples = samplesFrom(collectorOf({ provider: open(100) }), rows, 2)
  t.strictSame(valuesOf(samples), { c: 2, other: 4 })
  t.equal(samples.folded, 2)
})

t.test('a budget that is just enough folds nothing', async (t) => {
  const rows = ['a', 'b', 'c'].map((name, i) => [name, i])
  const samples = samplesFrom(collectorOf({ provider: open(100) }), rows, 3)
  t.match(samples, { series: 3, folded: 0 })
})

t.test('the series budget counts the zeros of closed labels', async (t) => {
  const collector = collectorOf({ provider: open(100), state: ['new', 'old'] })
  const rows = ['a', 'b', 'c'].map((name, i) => [name, 'new', i + 1])
  t.strictSame(valuesOf(samplesFrom(collector, rows, 5)), {
    'c/new': 3,
    'c/old': 0,
    'other/new': 3,
    'other/old': 0,
  })
})

t.test('a group that folds past the budget folds in all of its open labels', async (t) => {
  const collector = collectorOf({ provider: open(100), city: open(100) })
  const rows = [
    ['a', 'x', 5],
    ['a', 'y', 1],
    ['b', 'x', 2],
  ]
  t.strictSame(valuesOf(samplesFrom(collector, rows, 2)), { 'a/x': 5, 'other/other': 3 })
})

for (const [fold, value] of [
  ['min', 2],
  ['max', 9],
  ['sum', 15],
] as const) {
  t.test(`a gauge that folds by ${fold} shows the ${fold} in "other"`, async (t) => {
    const collector = collectorOf({ provider: open(1) }, { ...things, age: gauge('Age.', { fold }) })
    const samples = samplesFrom(collector, [
      ['a', 100, 50],
      ['b', 3, 4],
      ['c', 2, 9],
      ['d', 1, 2],
    ])
    t.strictSame(valuesOf(samples), { a: [100, 50], other: [6, value] })
  })
}

t.test('a metric that does not fold shows nothing where several come to one', async (t) => {
  const metrics = { ...things, last_timestamp_seconds: timestamp('The last one.') }
  const samples = samplesFrom(collectorOf({ provider: open(1) }, metrics), [
    ['a', 100, 50],
    ['b', 3, 4],
    ['c', 2, 9],
  ])
  t.strictSame(valuesOf(samples), { a: [100, 50], other: [5, undefined] })
})

t.test(
  'a metric that does not fold shows nothing either when the values come to one in two steps',
  async (t) => {
    const metrics = { ...things, last_timestamp_seconds: timestamp('The last one.') }
    // b and c fold since the closed label does not list them, and then with d past the limit of the open one.
    const samples = samplesFrom(collectorOf({ kind: ['other'], provider: open(1) }, metrics), [
      ['a', 'large', 100, 50],
      ['b', 'small', 3, 4],
      ['c', 'small', 2, 9],
      ['d', 'tiny', 1, 8],
    ])
    t.strictSame(valuesOf(samples), { 'other/large': [100, 50], 'other/other': [6, undefined] })
  },
)

t.test('values that cannot fold are counted and told', async (t) => {
  const metrics = { last_timestamp_seconds: timestamp('The last one.') }
  const { rejected, rejection } = samplesFrom(collectorOf({ kind: ['other'] }, metrics), [
    ['b', 4],
    ['c', 9],
  ])
  t.strictSame(rejected, { value: 0, label: 2, duplicate: 0 })
  t.match(rejection, { problem: /last_timestamp_seconds.*fold/ })
})

t.test('a timestamp that folds by max takes the latest, NULL or not', async (t) => {
  const metrics = { last_timestamp_seconds: timestamp('The last one.', { fold: 'max' }) }
  const samples = samplesFrom(collectorOf({ kind: ['other'] }, metrics), [
    ['a', null],
    ['b', 4],
    ['c', 9],
  ])
  t.strictSame(valuesOf(samples), { other: 9 })
})

/** A collector and rows for it, from few label values so that there is much to fold and to fill. */
interface Query {
  readonly collector: Collector
  readonly rows: readonly (readonly unknown[])[]
}

const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'other', '']
const closed = fc
  .subarray(texts.slice(0, 4), { minLength: 1, maxLength: 3 })
  // With "other", so that no row is rejected.
  .map((values): readonly string[] => [...values, OTHER])
const label = fc.oneof(closed, fc.integer({ min: 1, max: 6 }).map(open))
const labels = fc.dictionary(fc.constantFrom('kind', 'state', 'provider', 'city'), label, {
  maxKeys: 3,
  noNullPrototype: true,
})
// Whole numbers, whose sums are exact in whatever order.
const whole = fc.integer({ min: -1000, max: 1000 })

function queryOf(
  labels: Labels,
  metrics: Metrics,
  values: readonly fc.Arbitrary<unknown>[],
): fc.Arbitrary<Query> {
  const row = fc.tuple(...Object.keys(labels).map(() => fc.constantFrom(...texts)), ...values)
  return fc
    .array(row, { maxLength: 60 })
    .map((rows): Query => ({ collector: collectorOf(labels, metrics), rows }))
}

const query = labels.chain((labels) => queryOf(labels, things, [whole]))

const bucketed = fc
  .tuple(fc.nat(9), fc.nat(9), fc.nat(9), whole)
  .map(([a, b, c, sum]) => [a, a + b, a + b + c, sum].join(' '))
const mixed = labels.chain((labels) =>
  queryOf(
    labels,
    {
      ...things,
      seconds: histogram('Seconds.', [1, 5]),
      drift_seconds: histogram('Drift.', [-1, 5]),
      last_timestamp_seconds: timestamp('The last one.', { fold: 'max' }),
    },
    [whole, bucketed, bucketed, fc.option(fc.nat())],
  ),
)

/** The rows that are kept: the first with each label set. */
function firstOfEach({ collector, rows }: Query): (readonly unknown[])[] {
  const count = collector.labels.length
  const keyOf = (row: readonly unknown[]) => JSON.stringify(row.slice(0, count))
  return rows.filter((row, i) => rows.findIndex((other) => keyOf(other) === keyOf(row)) === i)
}

function add(a: Cell, b: Cell): number {
  return Number(a ?? 0) + Number(b ?? 0)
}

const spare = fc.integer({ min: 0, max: 60 })

t.test('the samples of a gauge sum to its rows, whatever the limits and the budget', async () => {
  fc.assert(
    fc.property(query, spare, (query, spare) => {
      const { collector, rows } = query
      const { sets } = samplesFrom(collector, rows, seriesOfGroup(collector) + spare)
      const shown = [...sets].reduce((sum, { values }) => add(sum, values[0]), 0)
      return shown === firstOfEach(query).reduce((sum, row) => sum + Number(row.at(-1)), 0)
    }),
    { numRuns: 1000 },
  )
})

t.test('there are never more series than the budget has', async () => {
  fc.assert(
    fc.property(mixed, spare, ({ collector, rows }, spare) => {
      const budget = seriesOfGroup(collector) + spare
      return linesOf(collector, samplesFrom(collector, rows, budget)) <= budget
    }),
    { numRuns: 1000 },
  )
})

t.test('an open label never has more values than its limit and "other"', async () => {
  fc.assert(
    fc.property(mixed, spare, ({ collector, rows }, spare) => {
      const { sets } = samplesFrom(collector, rows, seriesOfGroup(collector) + spare)
      return collector.labels.every(({ limit }, i) => {
        const shown = new Set([...sets].map(({ labels }) => labels[i]).filter((text) => text !== OTHER))
        return shown.size <= limit
      })
    }),
    { numRuns: 1000 },
  )
})

// Past both a label's limit and the budget a row moves twice, and is one folded series all the same.
t.test('no more series are folded than the rows have', async () => {
  fc.assert(
    fc.property(query, spare, (query, spare) => {
      const { collector, rows } = query
      return (
        samplesFrom(collector, rows, seriesOfGroup(collector) + spare).folded <= firstOfEach(query).length
      )
    }),
    { numRuns: 1000 },
  )
})

t.test('the series that are counted are those on the page', async () => {
  fc.assert(
    fc.property(mixed, spare, ({ collector, rows }, spare) => {
      const samples = samplesFrom(collector, rows, seriesOfGroup(collector) + spare)
      const sum = [...samples.sets].reduce((sum, set) => sum + seriesOf(set, collector.metrics), 0)
      return samples.series === linesOf(collector, samples) && sum === samples.series
    }),
    { numRuns: 1000 },
  )
})

t.test('no two samples have the same labels', async () => {
  fc.assert(
    fc.property(mixed, spare, ({ collector, rows }, spare) => {
      const { sets } = samplesFrom(collector, rows, seriesOfGroup(collector) + spare)
      return new Set([...sets].map(({ labels }) => JSON.stringify(labels))).size === sets.length
    }),
    { numRuns: 1000 },
  )
})

t.test('the order of the rows does not matter to what is shown', async () => {
  fc.assert(
    fc.property(query, spare, (query, spare) => {
      const { collector } = query
      const budget = seriesOfGroup(collector) + spare
      const rows = firstOfEach(query)
      const [there, back] = [rows, rows.toReversed()].map((rows) =>
        JSON.stringify(Object.entries(valuesOf(samplesFrom(collector, rows, budget))).sort()),
      )
      return there === back
    }),
    { numRuns: 1000 },
  )
})

t.test('every row is taken or counted as rejected', async () => {
  const anything = fc.oneof(whole, fc.constantFrom(null, 'many', '5', Number.NaN))
  const text = fc.option(fc.constantFrom(...texts))
  fc.assert(
    fc.property(fc.array(fc.tuple(text, anything), { maxLength: 40 }), (rows) => {
      const collector = collectorOf({ kind: open(PLENTY) })
      const samples = samplesFrom(collector, rows)
      const { label, duplicate } = samples.rejected
      return samples.sets.length + label + duplicate === rows.length
    }),
  )
})

t.test('a 0 on the page is the sum of its rows, or has none that was taken or rejected', async (t) => {
  const CLOSED = ['a', 'b', OTHER] as const
  const field = fc.constantFrom(0, '0', 3, null, 'many', Number.NaN, '-Infinity', -1)
  const label = fc.constantFrom('a', 'b', 'other', 'odd', null)
  const rows = fc.array(fc.tuple(label, label, field, field), { maxLength: 5 })
  let zeros = 0
  let withheld = 0
  fc.assert(
    fc.property(rows, fc.constantFrom(CLOSED, open(1), open(9)), (rows, first) => {
      const collector = collectorOf(
        { first, second: ['a', 'b'] },
        { things: gauge('Things.'), things_total: counter('Things ever.') },
      )
      const samples = samplesFrom(collector, rows)
      const page = pageOf(collector, samples)
      const own = new Set([...samples.sets].map(({ labels }) => labels[0]))
      // A value of an open label folds only if there are more than its limit.
      const values = new Set(rows.flatMap(([a, b]) => (a !== null && (b === 'a' || b === 'b') ? [a] : [])))
      const folds = 'open' in first ? values.size > first.open : true
      const lists = (text: string) =>
        'open' in first ? own.has(text) : first.some((listed) => listed === text)
      const shownAs = (text: string) => (lists(text) || !folds ? text : OTHER)
      for (const one of own) {
        for (const two of ['a', 'b']) {
          for (const [i, name] of ['things', 'things_total'].entries()) {
            const able = rows.filter(
              ([a, b]) => (a === null || shownAs(a) === one) && (b === null || b === two),
            )
            const taken = able.filter(([a, b]) => a !== null && b !== null)
            const firsts = taken.filter((row) => taken.find(([a, b]) => a === row[0] && b === row[1]) === row)
            const given = firsts.map((row) => row[2 + i]).filter((value) => value !== null)
            const isSum = given.every(
              (value) => Number.isFinite(Number(value)) && (i === 0 || Number(value) >= 0),
            )
            const sum =
              given.length > 0 && isSum
                ? given.reduce<number>((sum, value) => sum + Number(value), 0)
                : undefined
            const due = able.length === 0 ? 0 : sum
            if (page[`${name}{first="${one}",second="${two}"}`] !== due) return false
            if (due === 0) zeros++
            if (due === undefined) withheld++
          }
        }
      }
      return true
    }),
    { numRuns: 3000 },
  )
  t.ok(zeros > 1000 && withheld > 1000, `${zeros} zeros and ${withheld} that are not`)
})
