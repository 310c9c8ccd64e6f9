import fc from 'fast-check'
import t from 'tap'
import { counter, defineCollector, gauge, histogram, open } from '../../../src/collector.ts'
import { renderFamilies } from '../../../src/page/exposition.ts'
import type { Format } from '../../../src/page/syntax.ts'
import { Dictionary } from '../../../src/rows/dictionary.ts'
import { type Cell, REJECTED } from '../../../src/rows/label-set.ts'
import { LabelTable } from '../../../src/rows/label-table.ts'

const text = fc.oneof(
  fc.constantFrom('', 'a', '\\', '"', '\n', 'é', '🦀', 'x'.repeat(1024), '"'.repeat(1024)),
  fc.string({ unit: 'binary', maxLength: 9 }),
)
const number = fc.oneof(
  fc.constantFrom(0, -0, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 1e21, 5e-324, -1.5),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const cell: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 8, arbitrary: number },
  { weight: 1, arbitrary: fc.constantFrom(undefined, REJECTED) },
)
const buckets: fc.Arbitrary<Cell> = fc.constantFrom<Cell>(undefined, REJECTED, [0, 1, 1.5])
const tables = fc.nat(3).chain((labels) =>
  fc.record({
    labels: fc.constant(labels),
    rows: fc.array(
      fc.tuple(
        fc.array(text, { minLength: labels, maxLength: labels }),
        fc.tuple(buckets, cell, cell.map(positive)),
      ),
      { maxLength: 400, size: 'max' },
    ),
    database: fc.constantFrom(undefined, 'eu'),
    format: fc.constantFrom<Format>('text', 'openmetrics'),
  }),
)

function positive(cell: Cell): Cell {
  return typeof cell === 'number' ? Math.abs(cell) : cell
}

/** The page of label sets as one text. */
function pageOf(...parameters: Parameters<typeof renderFamilies>): string {
  return Buffer.concat(
    Array.from(renderFamilies(...parameters), (chunk) => Buffer.from(chunk as string)),
  ).toString()
}

t.test('the page of a table is that of its label sets, byte for byte', async () => {
  fc.assert(
    fc.property(tables, ({ labels, rows, database, format }) => {
      const { collector } = defineCollector({
        name: 'any',
        labels: Object.fromEntries(Array.from({ length: labels }, (_, i) => [`label_${i}`, open(9)])),
        metrics: {
          business_wait_seconds: histogram('Wait.', [1]),
          business_a: gauge('A.'),
          business_b_total: counter('B.'),
        },
        query: (sql) => sql`SELECT 1`,
      })
      const table = new LabelTable(
        Array.from({ length: labels }, () => new Dictionary()),
        collector.metrics,
      )
      for (const [texts, cells] of rows) table.add(texts, cells)
      return (
        pageOf(collector, table, format, undefined, database) ===
        pageOf(collector, [...table], format, undefined, database)
      )
    }),
    { numRuns: 300 },
  )
})
