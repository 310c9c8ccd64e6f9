import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { counter, defineCollector, gauge, histogram, open, timestamp } from '../../src/collector.ts'
import type { Collector } from '../../src/contract/collector.ts'
import { Mistake, renderFinding } from '../../src/finding.ts'
import { renderFamilies } from '../../src/page/exposition.ts'
import type { Format } from '../../src/page/syntax.ts'
import { Bytes, fieldsOf } from '../../src/rows/bytes.ts'
import { RowReader } from '../../src/rows/row-reader.ts'
import { Rows } from '../../src/rows/rows.ts'
import { seriesOfGroup } from '../../src/samples/group.ts'
import { samplesOf } from '../../src/samples/samples.ts'
import { finish } from '../../src/time/slices.ts'
import { columnOf, rowOf } from '../data-row.ts'
import { fuzz } from './property.ts'

// What queries return: each row is taken or rejected, and the page can be read and is within its limits.

const LIMIT = 3
const fold = (how: 'sum' | 'min' | 'max' | 'none') => gauge(`Things by ${how}.\n\\"`, { fold: how })
const collectors: readonly Collector[] = [
  { labels: {}, metrics: { business_things: gauge('Things.') } },
  {
    labels: { kind: open(LIMIT), state: ['new', 'it\'s "old"\\\n', 'other'] },
    metrics: {
      business_sum: fold('sum'),
      business_min: fold('min'),
      business_max: fold('max'),
      business_none: fold('none'),
    },
  },
  {
    labels: { kind: open(LIMIT), other_kind: open(LIMIT), state: ['new', 'old'] },
    metrics: {
      business_things_total: counter('Things.'),
      business_wait_seconds: histogram('Wait.', [0.5, 1, 2.5]),
      business_change_celsius: histogram('Change.', [-1, 0, 1]),
      business_last_timestamp_seconds: timestamp('The last.'),
    },
  },
].map(
  ({ labels, metrics }) =>
    defineCollector({ name: 'things', labels, metrics, query: (sql) => sql`SELECT 1` }).collector,
)

const WORDS = 'new old other a b c d NaN Infinity -0 1e400 1e-400 0x10 -1 ١'.split(' ')
const HISTOGRAMS = '1 2 3 4 5.5|1 2 3 4 -1|3 2 1 0 0|1 1 1 1 1 0 0|0 0 0 9007199254740993 1e308|1 2 3'.split(
  '|',
)
const texts = fc.oneof(
  fc.constantFrom('', ...WORDS),
  fc.constantFrom(...HISTOGRAMS),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc
    .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }), fc.nat({ max: 1000 }))
    .map(([text, n]) => text.repeat(n)),
)

/** Whatever the driver makes of a value. */
const fields: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: texts },
  { weight: 3, arbitrary: fc.oneof(fc.integer(), fc.double(), fc.nat({ max: 9 })) },
  fc.constantFrom(null, undefined, true, false),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  fc.array(fc.oneof(texts, fc.integer()), { maxLength: 4 }),
  fc.object({ maxDepth: 2 }),
)

/** Numbers in pg_type whose texts may be anything without an error of the client: text, varchar, boolean, numbers, times, bytes, bits. */
const types = fc.constantFrom(25, 1043, 16, 20, 21, 23, 700, 701, 1700, 1184, 17, 1560)

const results = fc.constantFrom(...collectors).chain((collector) => {
  const names = [...collector.labels, ...collector.metrics].map(({ name }) => name)
  const label = fc.oneof({ weight: 5, arbitrary: texts }, fields)
  const row = fc.tuple(...names.map((_, i) => (i < collector.labels.length ? label : fields)))
  return fc.record({
    collector: fc.constant(collector),
    columns: fc.oneof(
      { weight: 6, arbitrary: fc.shuffledSubarray(names, { minLength: names.length }) },
      fc.array(fc.oneof(fc.constantFrom(...names), texts), { maxLength: 9 }),
    ),
    types: fc.array(types, { minLength: 9, maxLength: 9 }),
    rows: fc.array(row, { maxLength: 30 }),
    unchecked: fc.boolean(),
    budget: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(10_000)),
  })
})

const NUMBER = '(?:-?\\d+(?:\\.\\d+)?(?:e[+-]\\d+)?)'
const LABELS =
  '(?:\\{[a-z_]+="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"(?:,[a-z_]+="(?:[^"\\\\\\n]|\\\\[\\\\"n])*")*\\})'
/** A line of a page: https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details */
const LINE = new RegExp(`^(?:# (?:HELP|TYPE|UNIT) [a-z_]+ .*|([a-z_]+${LABELS}?) (${NUMBER}))$`)

/** The samples of a page, each once. Throws when a line is not a sample. */
function read(page: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of page.split('\n').slice(0, -1)) {
    const [matched, sample, value] = LINE.exec(line) ?? []
    if (matched === undefined) throw new Error(`a line of the page is not a sample: ${JSON.stringify(line)}`)
    if (sample === undefined) continue
    if (samples.has(sample)) throw new Error(`a series is on the page twice: ${sample}`)
    samples.set(sample, Number(value))
  }
  return samples
}

/** What can be seen of rows that were taken. */
const seenOf = (rows: Rows) => [[...rows.sets], rows.rejections(), rows.seen, rows.isWithinLimits]

/** Throws when rows that are read from bytes are not what the fields of the client make of them. */
function compare(
  collector: Collector,
  names: readonly string[],
  types: readonly number[],
  rows: readonly unknown[][],
) {
  const columns = names.map((name, i) => columnOf(name, types[i] ?? 25))
  const [fast, slow] = [new Rows(collector), new Rows(collector)]
  fast.columns(names)
  slow.columns(names)
  const reader = new RowReader(fast, columns)
  for (const row of rows) {
    const fields = names.map((_, i) => {
      const field = row[i]
      return field === null || field === undefined
        ? null
        : field instanceof Buffer
          ? field
          : typeof field === 'object'
            ? ''
            : String(field)
    })
    const bytes = rowOf(fields)
    reader.add(bytes, 0)
    slow.add(fieldsOf(columns, bytes, 0))
  }
  if (!isDeepStrictEqual(seenOf(fast), seenOf(slow)))
    throw new Error('bytes are read as other rows than their fields')
}

await fuzz('rows', results, ({ collector, columns, types, rows, unchecked, budget }) => {
  const taken = new Rows(collector)
  try {
    taken.columns(columns)
  } catch (error) {
    if (error instanceof Mistake) return
    throw error
  }
  const bytes = (field: unknown) =>
    typeof field === 'string' && field.includes('\uFFFD') ? new Bytes(field) : field
  for (const row of rows) taken.add(unchecked ? row.map(bytes) : row)
  compare(collector, columns, types, rows)
  const samples = finish(samplesOf(collector, taken, budget))
  if (samples.rejection !== undefined) {
    const line = renderFinding(samples.rejection)
    if (line.length > 2100 || line.includes('\n')) throw new Error(`a rejection is no line: ${line}`)
  }
  const most = Math.max(budget, 2 * seriesOfGroup(collector))
  if (samples.series > most) throw new Error(`${samples.series} series, over ${most}`)
  for (const [i, { limit }] of collector.labels.entries()) {
    const values = new Set(Array.from(samples.sets, ({ labels }) => labels[i]))
    // And "other".
    if (values.size > limit + 1) throw new Error(`${values.size} values of a label, over ${limit}`)
  }
  for (const format of ['text', 'openmetrics'] satisfies Format[]) {
    const page = read([...renderFamilies(collector, samples.sets, format)].join(''))
    if (format === 'text' && page.size !== samples.series)
      throw new Error(`${page.size} series, not ${samples.series}`)
    for (const [sample, value] of page) {
      if (!Number.isFinite(value)) throw new Error(`${sample} is ${value}`)
      const never = collector.metrics.some(({ name, type }) => type === 'counter' && sample.startsWith(name))
      if (never && value < 0) throw new Error(`the counter ${sample} is ${value}`)
    }
  }
})
