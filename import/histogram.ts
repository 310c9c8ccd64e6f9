import { tokensOf } from '../src/new/select.ts'
import type { ListedColumn } from './column.ts'
import type { Place } from './loss.ts'
import type { Question, QuestionMetric } from './question.ts'
import { columnOf } from './sql.ts'

/** A histogram of postgres_exporter: four columns, of which the first two are arrays. */
interface Histogram {
  readonly column: string
  readonly name: string
  readonly help: string
  readonly place: Place
}

const PARTS = ['', '_bucket', '_sum', '_count']

/**
 * The one list of numbers of a query, which is the bounds of its histograms; undefined when it has none, or several that
 * differ.
 */
function boundsIn(sql: string): readonly number[] | undefined {
  const lists = new Set<string>()
  const tokens = tokensOf(sql)
  for (const [i, { text }] of tokens.entries()) {
    if (text.toLowerCase() !== 'array' || tokens[i + 1]?.text !== '[') continue
    const end = tokens.findIndex(({ text }, j) => j > i && text === ']')
    const numbers = tokens.slice(i + 2, end).map(({ text }) => text)
    const list = numbers.join('').split(',').map(Number)
    if (list.length > 0 && list.every(Number.isFinite))
      lists.add(JSON.stringify([...new Set(list)].sort(ascending)))
  }
  const [only, another] = lists
  if (only === undefined || another !== undefined) return undefined
  const bounds: number[] = JSON.parse(only)
  return bounds
}

function ascending(a: number, b: number): number {
  return a - b
}

/** The columns that a histogram is made of. */
export function columnsOfHistogram(column: string): string[] {
  return PARTS.map((part) => `${column}${part}`)
}

/** A histogram with these bounds. Rows with other bounds are rejected. */
function histogramMetric(
  { column, name, help, place }: Histogram,
  bounds: readonly number[],
): QuestionMetric {
  const [les, counts, sum, count] = columnsOfHistogram(column).map(columnOf)
  const sql = [
    `CASE (SELECT array_agg(le::float8 ORDER BY le) FROM unnest(${les}) AS le)`,
    `             WHEN ARRAY[${bounds.join(', ')}]::float8[] THEN concat_ws(' ', (`,
    `               SELECT string_agg(n::text, ' ' ORDER BY le) FROM unnest(${les}, ${counts}) AS bucket (le, n)`,
    `             ), ${count}, ${sum})`,
    `             ELSE 'other bounds'`,
    '           END',
  ].join('\n')
  return { name, type: 'histogram', help, place, value: { sql, needs: columnsOfHistogram(column) }, bounds }
}

/** The sum and the count of a histogram whose bounds are not known, under the names that the exporter gives them. */
function sumAndCount({ column, name, help, place }: Histogram): QuestionMetric[] {
  return ['_sum', '_count'].map((part) => ({
    name: `${name}${part}`,
    type: 'gauge' as const,
    help,
    place,
    value: { column: `${column}${part}` },
  }))
}

/** Buckets as rows: the SQL that is joined to a query, with the columns `bucket.le` and `bucket.n`. */
function bucketRows(column: string): string {
  const [les, counts, , count] = columnsOfHistogram(column).map(columnOf)
  return [
    `     CROSS JOIN LATERAL (SELECT le::float8::text, n FROM unnest(${les}, ${counts}) AS bucket (le, n)`,
    `                         UNION ALL SELECT '+Inf', ${count}) AS bucket (le, n)`,
  ].join('\n')
}

/** The metrics of a histogram, and the question for its buckets when their bounds are not in the query. */
export function readHistogram(
  namespace: string,
  { column, name: own, options }: ListedColumn,
  base: Question,
): { readonly metrics: QuestionMetric[]; readonly questions: Question[] } {
  const name = `${namespace}_${own}`
  const help = options.text('description')?.trim() || `Column ${column} of ${namespace}.`
  const place = options.place()
  const histogram = { column, name, help, place }
  const bounds = boundsIn(base.query)
  if (bounds !== undefined) return { metrics: [histogramMetric(histogram, bounds)], questions: [] }
  const buckets: Question = {
    ...base,
    name: `${base.name}-${own}-buckets`,
    labels: [...base.labels, { name: 'le', value: { sql: 'bucket.le', needs: [] }, values: undefined }],
    metrics: [
      {
        name: `${name}_bucket`,
        type: 'gauge',
        help,
        place,
        value: { sql: 'bucket.n', needs: columnsOfHistogram(column) },
      },
    ],
    joined: bucketRows(column),
    unlisted: undefined,
    notes: [
      {
        problem: `${name} is three gauges, ${name}_bucket, _sum and _count`,
        advice: 'the bounds of its buckets are not one list in the query',
      },
    ],
    losses: [],
  }
  return { metrics: sumAndCount(histogram), questions: [buckets] }
}
