import t from 'tap'
import {
  counter,
  defineCollector,
  gauge,
  histogram,
  type Label,
  type Metric,
  open,
} from '../../../src/collector.ts'
import type { Collector } from '../../../src/contract/collector.ts'
import { type Finding, renderFinding } from '../../../src/finding.ts'
import { Rows } from '../../../src/rows/rows.ts'

function collectorOf(metric: Metric, labels: Readonly<Record<string, Label>> = {}): Collector {
  return defineCollector({
    name: 'things',
    labels,
    metrics: { things: metric },
    query: (sql) => sql`SELECT 1`,
  }).collector
}

/** Why the first of these rows that is rejected is. */
function rejectionOf(collector: Collector, ...given: unknown[][]): Finding | undefined {
  const rows = new Rows(collector)
  rows.columns([...collector.labels, ...collector.metrics].map(({ name }) => name))
  for (const row of given) rows.add(row)
  return rows.rejections().rejection
}

const values: [what: string, metric: Metric, given: unknown, says: string | RegExp][] = [
  [
    'a Date',
    gauge('Things.'),
    new Date(0),
    'things is 1970-01-01T00:00:00.000Z, which is not a value that it takes — write: extract(epoch FROM …) AS things',
  ],
  ['an array', gauge('Things.'), [[1, 2]], /^things is an array of 1, which/],
  ['an object', gauge('Things.'), { a: 1 }, /^things is an object, which/],
  [
    'an object that says how it is written',
    counter('Things.'),
    { toString: [] },
    /^things is an object, which/,
  ],
  ['an interval of hours', gauge('Things.'), '01:30:00.5', /write: extract\(epoch FROM …\) AS things$/],
  [
    'an interval of days',
    gauge('Things.'),
    '1 year 2 mons -3 days',
    /write: extract\(epoch FROM …\) AS things$/,
  ],
  ['a boolean', gauge('Things.'), true, /things is true, .* write: \(…\)::int AS things$/],
  ['a negative counter', counter('Things.'), -1, /things is -1, .* write: things: gauge\('…'\)/],
  ['a number for a histogram', histogram('Things.', [1]), 5, /write: \$\{observe\('things', sql`…`\)\}$/],
  [
    'a negative observation',
    histogram('Things.', [1]),
    '1 1 0 1 0',
    'things leaves out observations that are NaN, infinite or negative: 1',
  ],
  [
    'an infinite observation beside negative buckets',
    histogram('Things.', [-1]),
    '0 2 0 0 2',
    'things leaves out observations that are NaN or infinite: 2',
  ],
  ['a text', gauge('Things.'), 'many', 'things is "many", which is not a value that it takes'],
  ['an empty text', gauge('Things.'), '', 'things is "", which is not a value that it takes'],
]
for (const [what, metric, given, says] of values) {
  t.test(`${what} where a number is due is told, with what to write instead if that is known`, async (t) => {
    const rejection = rejectionOf(collectorOf(metric), [given])
    t.match(rejection && renderFinding(rejection), says)
  })
}

const labels: [what: string, label: Label, given: unknown, says: string][] = [
  ['NULL for an open label', open(9), null, "coalesce(kind, 'none') AS kind"],
  ['NULL for a closed label', ['a', 'other'], null, "coalesce(kind, 'other') AS kind"],
  ['a Date', open(9), new Date(0), '…::text AS kind'],
  ['a text without end', open(9), 'x'.repeat(2000), 'left(…, 80) AS kind'],
  [
    'a value that the list lacks',
    ['a', 'b'],
    'c',
    "kind: ['a', …, 'c'], or with 'other' in that list for whatever is not in it",
  ],
]
for (const [what, label, given, instead] of labels) {
  t.test(`${what} is told with what to write instead`, async (t) => {
    const rejection = rejectionOf(collectorOf(gauge('Things.'), { kind: label }), [given, 1])
    t.match(rejection?.problem, /^kind is .*, which is not a value that the label takes$/)
    t.equal(rejection?.advice, `write: ${instead}`)
  })
}

t.test('two rows with the same labels are told with what to group by', async (t) => {
  const collector = collectorOf(gauge('Things.'), { kind: open(9), state: open(9) })
  const { problem, advice } = rejectionOf(collector, ['a', 'new', 1], ['a', 'new', 2]) ?? {}
  t.equal(problem, 'a row before it had the same labels (kind, state: "a, new")')
  t.equal(advice, 'write: GROUP BY kind, state')
})

t.test('two rows of a collector without labels are told apart by a label or made one', async (t) => {
  t.match(rejectionOf(collectorOf(gauge('Things.')), [1], [2]), {
    problem: /no labels either$/,
    advice: /^write: one row, or a label/,
  })
})
