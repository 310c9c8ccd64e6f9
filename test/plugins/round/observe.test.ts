import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type CollectorPlugin, defineCollector, histogram } from '../../../src/collector.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

const REALS = ['real', 'double precision', 'numeric']
const WHOLE = ['smallint', 'integer', 'bigint']
/** What these types have beside numbers. */
const ODD = ['NaN', 'Infinity', '-Infinity']

/** A histogram over a column of some type, and its observations as texts. */
interface Case {
  readonly type: string
  readonly bounds: readonly number[]
  readonly given: readonly (string | null)[]
}

const bound = fc.oneof(
  fc.constantFrom(0, 0.1, 0.25, 0.3, 1, 2.5, 16777217, 1e-7, 1e10, 5e9, 1e-50, 1e50, 123456.789),
  fc.float({ noNaN: true, noDefaultInfinity: true, min: 0 }),
  fc.double({ noNaN: true, min: 0, max: 1000 }),
  fc.integer({ min: 0, max: 300 }),
)
const bounds = fc
  .tuple(fc.uniqueArray(bound, { minLength: 1, maxLength: 6 }), fc.boolean())
  .map(([bounds, negative]) => [...(negative ? [-0.1] : []), ...new Set(bounds.map((bound) => bound + 0))])
  .map((bounds) => bounds.sort((a, b) => a - b))

/** The bounds themselves, their neighbours, others, and what is no number. */
function observed(type: string, bounds: readonly number[]): fc.Arbitrary<Case> {
  const near = bounds.flatMap((bound) => {
    const step = Math.max(Math.abs(bound), 1e-30) * 2 ** -23
    return [bound, Math.fround(bound), bound - step, bound + step, -bound]
  })
  const number = fc.oneof(fc.constantFrom(...near), fc.double({ noNaN: true, min: -10, max: 1000 }))
  const fits = (value: number) => {
    if (WHOLE.includes(type)) return String(Math.round(Math.min(Math.max(value, -30_000), 30_000)))
    // A real takes no more, and no less.
    return type === 'real' && (Math.abs(value) > 1e38 || Math.abs(value) < 1e-37) ? '0' : String(value)
  }
  const text = WHOLE.includes(type)
    ? number.map(fits)
    : fc.oneof({ weight: 5, arbitrary: number.map(fits) }, { weight: 1, arbitrary: fc.constantFrom(...ODD) })
  return fc.record({
    type: fc.constant(type),
    bounds: fc.constant(bounds),
    given: fc.array(fc.option(text, { freq: 9 }), { maxLength: 30 }),
  })
}

const cases = fc
  .tuple(fc.constantFrom(...REALS, ...WHOLE, 'real', 'real'), bounds)
  .chain(([type, bounds]) => observed(type, bounds))

/** A collector of the observations with this number in a table. */
function collectorOf({ type, bounds }: Case, i: number): CollectorPlugin {
  return defineCollector({
    name: `c${i}`,
    metrics: { [`business_c${i}_seconds`]: histogram('A.', bounds) },
    query: (sql, { observe }) => sql`
      SELECT ${observe(`business_c${i}_seconds`, sql`value::${sql.unsafe(type)}`)}
        FROM observed WHERE number = ${i}`,
  })
}

async function startCases(t: Test, given: readonly Case[]) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE observed (number int, value text)`
  for (const [i, { given: texts }] of given.entries()) {
    if (texts.length > 0) await sql`INSERT INTO observed SELECT ${i}, unnest(${texts as string[]}::text[])`
  }
  const collectors = given.map(collectorOf)
  return { ...(await startService(t, { DATABASE_URL: url }, { collectors })), sql }
}

t.test('a histogram has what SQL has, for every type of numbers, at and beside each bound', async (t) => {
  const seed = Date.now()
  t.comment(`seed ${seed}`)
  const histograms = fc.sample(cases, { seed, numRuns: 150 })
  const { scrape, sql } = await startCases(t, histograms)
  const samples = await scrape()
  let rejected = 0
  for (const [i, { type, bounds, given }] of histograms.entries()) {
    const negative = bounds.some((bound) => bound < 0)
    // Each bound is read by PostgreSQL, as a number of the column's own type if that has fractions.
    const read = (bound: number) => {
      const fits = Math.abs(bound) < 1e38 && (bound === 0 || Math.abs(bound) > 1e-37)
      return `'${bound}'::${WHOLE.includes(type) ? 'numeric' : type === 'real' && !fits ? 'float8' : type}`
    }
    const odd = `value IN ('NaN', 'Infinity', '-Infinity')`
    const [row = {}] = await sql.unsafe<Record<string, number>[]>(`
      WITH good AS (
        SELECT value::${type} AS value FROM observed
         WHERE number = ${i} AND NOT (${odd}) AND (${negative} OR value::${type} >= 0)
      )
      SELECT ${bounds.map((bound, b) => `count(*) FILTER (WHERE value <= ${read(bound)})::int AS b${b},`).join('')}
             count(*)::int AS count, coalesce(sum(value::${type === 'real' ? 'float8' : type}), 0)::float8 AS sum,
             (SELECT count(value)::int FROM observed WHERE number = ${i}) AS given
        FROM good`)
    const { count = Number.NaN, sum: total, given: all = Number.NaN } = row
    const name = `business_c${i}_seconds`
    const what = `${type} ${JSON.stringify(bounds)}: ${given.join(' ')}`
    for (const [b, bound] of bounds.entries()) {
      t.equal(samples.get(`${name}_bucket{le="${bound}"}`), row[`b${b}`], `${what}: up to ${bound}`)
    }
    t.equal(samples.get(`${name}_bucket{le="+Inf"}`), count, what)
    t.equal(samples.get(`${name}_count`), count, what)
    t.equal(samples.get(`${name}_sum`), negative ? undefined : total, `${what}: sum`)
    t.equal(samples.get(`collector_series{collector="c${i}"}`), bounds.length + (negative ? 2 : 3), what)
    t.equal(
      samples.get(`collector_rejected_rows_total{collector="c${i}",reason="value"}`),
      all - count,
      `${what}: rejected`,
    )
    rejected += all - count
  }
  t.ok(rejected > 50, `${rejected} observations are rejected`)
})

t.test('a real that equals a bound is in its bucket, whether or not a real is the bound', async (t) => {
  const given = [...fc.sample(fc.double({ noNaN: true, min: 1e-30, max: 1e30 }), 40), 0.1, 0.3, 2.7, 1e10]
  // No two that are the same real.
  const bounds = [...new Map(given.map((bound) => [Math.fround(bound), bound])).values()].sort(
    (a, b) => a - b,
  )
  const { scrape } = await startCases(t, [{ type: 'real', bounds, given: bounds.map(String) }])
  const samples = await scrape()
  for (const [i, bound] of bounds.entries()) {
    t.equal(samples.get(`business_c0_seconds_bucket{le="${bound}"}`), i + 1, `up to ${bound}`)
  }
})

t.test('an observation that no double holds is rejected, and the histogram stands', async (t) => {
  const type = 'numeric'
  const given = ['1', '1e400', '-1e400', '2']
  const { scrape } = await startCases(t, [
    { type, bounds: [1], given },
    { type, bounds: [-1, 1], given },
  ])
  const samples = await scrape()
  for (const i of [0, 1]) {
    t.equal(samples.get(`business_c${i}_seconds_bucket{le="1"}`), 1)
    t.equal(samples.get(`business_c${i}_seconds_count`), 2)
    t.equal(samples.get(`collector_rejected_rows_total{collector="c${i}",reason="value"}`), 2)
  }
  t.equal(samples.get('business_c0_seconds_sum'), 3)
})

t.test('bad observations are told once, with the metric and how many there are', async (t) => {
  const { log, round, scrape } = await startCases(t, [
    { type: 'real', bounds: [1], given: ['NaN', '-1', '0.5', null] },
  ])
  await round()
  const lines = log.filter(({ level }) => level !== 'info')
  t.match(lines, [
    {
      msg: 'collector rejected rows: business_c0_seconds leaves out observations that are NaN, infinite or negative: 2',
    },
  ])
  t.equal(lines.length, 1)
  t.equal((await scrape()).get('business_c0_seconds_count'), 1)
})

t.test('an expression of any form is one observation', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const expressions = ['1 | 2', 'CASE WHEN x THEN 3 END', "'3'::real", '5 - 2', 'point(0, 3) <-> point(0, 0)']
  const collectors = expressions.map((text, i) =>
    defineCollector({
      name: `c${i}`,
      metrics: { [`business_c${i}_seconds`]: histogram('A.', [2.9, 3.1]) },
      query: (sql, { observe }) => sql`
        SELECT ${observe(`business_c${i}_seconds`, sql`${sql.unsafe(text)}`)} FROM (VALUES (true)) AS t (x)`,
    }),
  )
  const { scrape } = await startService(t, { DATABASE_URL: url }, { collectors })
  const samples = await scrape()
  for (const [i, text] of expressions.entries()) {
    const parts = ['bucket{le="2.9"}', 'bucket{le="3.1"}', 'sum', 'count'].map((part) =>
      samples.get(`business_c${i}_seconds_${part}`),
    )
    t.same(parts, [0, 1, 3, 1], text)
  }
})
