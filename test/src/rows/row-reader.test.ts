import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { counter, defineCollector, gauge, histogram, open, timestamp } from '../../../src/collector.ts'
import type { Collector } from '../../../src/contract/collector.ts'
import type { Column } from '../../../src/query/client.ts'
import { fieldsOf } from '../../../src/rows/bytes.ts'
import { RowReader } from '../../../src/rows/row-reader.ts'
import { Rows } from '../../../src/rows/rows.ts'
import { columnOf, rowOf } from '../../data-row.ts'

const query = (sql: (strings: TemplateStringsArray) => never) => sql`SELECT 1`

const collectors: readonly Collector[] = [
  { labels: {}, metrics: { business_a: gauge('A.') } },
  {
    labels: { kind: open(9), state: ['true', 'new', 'other', '1'] },
    metrics: { business_a: gauge('A.'), business_b_total: counter('B.') },
  },
  {
    labels: { kind: open(9), state: ['false', 'é'], more: open(9) },
    metrics: { business_a_timestamp_seconds: timestamp('A.'), business_b: gauge('B.') },
  },
  {
    labels: { kind: open(9) },
    metrics: { business_a: gauge('A.'), business_b_seconds: histogram('B.', [1]) },
  },
  { labels: { kind: open(9) }, metrics: { business_a_total: counter('A.') }, window: { settle: '1m' } },
].map((parts) => defineCollector({ name: 'any', ...parts, query } as never).collector)

/** Types in pg_type, and texts that a server sends of them. */
const texts = fc.oneof(
  fc.constantFrom(
    '',
    'new',
    'other',
    'true',
    '1',
    'é',
    '🦀',
    'a"b\\c\n',
    '\ufffd',
    'x'.repeat(1024),
    'x'.repeat(1025),
  ),
  fc.nat(20).map((n) => `text ${n}`),
  fc.string({ unit: 'binary', maxLength: 6 }).map((text) => text.replaceAll('\0', '')),
)
const integers = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.integer(), fc.maxSafeInteger()).map(String)
const floats = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom(
    'NaN',
    'Infinity',
    '-Infinity',
    '-0',
    '1e400',
    '0x10',
    '1.50',
    '.5',
    '5.',
    '1 ',
    '+7',
    '--1',
    '-',
    '١',
  ),
  fc.nat().map((n) => `${n}`.repeat(4)),
)
const dates = fc.constantFrom('2026-01-01', 'infinity')
const notUtf8 = fc.constantFrom(
  Buffer.from([0xff]),
  Buffer.from([0x61, 0xc3]),
  Buffer.from([0xed, 0xa0, 0x80]),
)
const kinds: readonly (readonly [number, fc.Arbitrary<string | Buffer>])[] = [
  [25, texts],
  [1043, fc.oneof(texts, notUtf8)],
  [16, fc.constantFrom('t', 'f')],
  [20, integers],
  [23, integers],
  [700, floats],
  [701, floats],
  [1700, floats],
  [25, floats],
  [25, fc.constantFrom('1 2 3', '3 2 1', '1 2 3 0 1')],
  [1184, dates],
  [114, fc.constantFrom('1', '"a"', '{"a": 1}', 'null', 'true')],
  [17, fc.constant('\\x00')],
  [1560, fc.constantFrom('101', '1')],
]

const results = fc.constantFrom(...collectors).chain((collector) => {
  const names = [...collector.labels, ...collector.metrics].map(({ name }) => name)
  return fc.tuple(...names.map(() => fc.constantFrom(...kinds))).chain((chosen) =>
    fc.record({
      collector: fc.constant(collector),
      order: fc.shuffledSubarray([...names.keys()], { minLength: names.length }),
      types: fc.constant(chosen.map(([type]) => type)),
      rows: fc.array(
        fc.tuple(
          ...chosen.map(([, field]) =>
            fc.oneof({ weight: 9, arbitrary: field }, { weight: 1, arbitrary: fc.constant(null) }),
          ),
        ),
        { maxLength: 60, size: 'max' },
      ),
    }),
  )
})

/** Everything that can be seen of what was taken. */
function seenOf(rows: Rows, { labels }: Collector): unknown {
  return {
    sets: [...rows.sets],
    series: rows.sets.series,
    seen: rows.seen,
    hasUnlisted: rows.hasUnlisted,
    isWithinLimits: rows.isWithinLimits,
    rejections: rows.rejections(),
    unknown: labels.length > 0 && rows.unknown.isEmpty,
    cardinalities: labels.map((_, i) => rows.sets.cardinality(i)),
  }
}

t.test(
  'rows that are read from bytes are what the fields of the client make, rejections and all',
  async (t) => {
    let quick = 0
    fc.assert(
      fc.property(results, ({ collector, order, types, rows }) => {
        const names = [...collector.labels, ...collector.metrics].map(({ name }) => name)
        const columns = order.map((i): Column => columnOf(names[i] ?? '', types[i] ?? 0))
        const [fast, slow] = [new Rows(collector), new Rows(collector)]
        for (const taken of [fast, slow]) taken.columns(columns.map(({ name }) => name))
        const reader = new RowReader(fast, columns)
        for (const row of rows) {
          const bytes = Buffer.concat([
            Buffer.from('before'),
            rowOf(order.map((i) => row[i] ?? null)),
            Buffer.from('1'),
          ])
          if (reader.add(bytes, 6)) quick++
          slow.add(fieldsOf(columns, bytes, 6))
        }
        return isDeepStrictEqual(seenOf(fast, collector), seenOf(slow, collector))
      }),
      { numRuns: 2000 },
    )
    t.ok(quick > 1000, `${quick} rows were taken`)
  },
)

t.test('bytes that the table keeps are its own', async (t) => {
  const { collector } = defineCollector({
    name: 'any',
    labels: { kind: open(9) },
    metrics: { business_a: gauge('A.') },
    query: (sql) => sql`SELECT 1`,
  })
  const rows = new Rows(collector)
  const columns = [columnOf('kind', 25), columnOf('business_a', 20)]
  rows.columns(columns.map(({ name }) => name))
  const reader = new RowReader(rows, columns)
  const bytes = rowOf(['a', '1'])
  t.ok(reader.add(bytes, 0))
  bytes.fill(0x62)
  t.same([...rows.sets], [{ labels: ['a'], values: [1] }])
})
