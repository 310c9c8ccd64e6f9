import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import {
  type CollectorPlugin,
  counter,
  defineCollector,
  gauge,
  histogram,
  type Metric,
  timestamp,
} from '../../../src/collector.ts'
import { Rows } from '../../../src/rows/rows.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

/** A value in SQL → what the page has of a gauge or a timestamp, of a counter, and of a windowed counter. */
const values: [value: string, gauge: number | undefined, counter: number | undefined, windowed: number][] = [
  ['5', 5, 5, 5],
  ['0', 0, 0, 0],
  ['-1', -1, undefined, 0],
  ["float8 'NaN'", undefined, undefined, 0],
  ["numeric 'NaN'", undefined, undefined, 0],
  ["real 'Infinity'", undefined, undefined, 0],
  ["float8 '-Infinity'", undefined, undefined, 0],
  ["text 'many'", undefined, undefined, 0],
  ['true', undefined, undefined, 0],
  ['now()', undefined, undefined, 0],
  ["interval '1 h'", undefined, undefined, 0],
  ['ARRAY[1]', undefined, undefined, 0],
  ['NULL::int', undefined, undefined, 0],
  ['(SELECT avg(x) FROM generate_series(1, 0) AS x)', undefined, undefined, 0],
]
const kinds: [what: string, metric: Metric, windowed: boolean][] = [
  ['gauge', gauge('A.'), false],
  ['timestamp', timestamp('A.'), false],
  ['counter', counter('A.'), false],
  ['windowed counter', counter('A.'), true],
]

for (const [what, metric, isWindowed] of kinds) {
  t.test(`each kind of value of a ${what} costs no more than its own sample`, async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const collectors = values.map(([value], i): CollectorPlugin => {
      const definition = {
        name: `c${i}`,
        labels: { kind: ['a', 'b'] },
        metrics: { [`business_c${i}`]: metric, [`business_other${i}_total`]: counter('A.') },
      }
      const names = `${value} AS business_c${i}, 7 AS business_other${i}_total`
      return isWindowed
        ? defineCollector({
            ...definition,
            window: { settle: '0s' },
            query: (sql, { from, to }) => sql`
              SELECT 'a' AS kind, ${sql.unsafe(names)} WHERE ${from} < ${to}`,
          })
        : defineCollector({ ...definition, query: (sql) => sql`SELECT 'a' AS kind, ${sql.unsafe(names)}` })
    })
    const { scrape, round } = await startService(t, { DATABASE_URL: url }, { collectors })
    if (isWindowed) await round()
    const samples = await scrape()
    for (const [i, [value, asGauge, asCounter, asWindowed]] of values.entries()) {
      const due = isWindowed ? asWindowed : metric.type === 'counter' ? asCounter : asGauge
      const isRejected =
        (due === undefined || (isWindowed && value !== '0')) && !/NULL|avg/.test(value) && due !== 5
      t.equal(samples.get(`business_c${i}{kind="a"}`), due, value)
      t.equal(
        samples.get(`business_c${i}{kind="b"}`),
        metric.type === 'timestamp' ? undefined : 0,
        `${value}: no row`,
      )
      t.equal(samples.get(`business_other${i}_total{kind="a"}`), 7, `${value}: the row's other column`)
      const rejected = samples.get(`collector_rejected_rows_total{collector="c${i}",reason="value"}`)
      t.equal(rejected, isRejected ? 1 : 0, `${value}: rejected`)
      t.equal(samples.get(`collector_success{collector="c${i}"}`), 1)
    }
  })
}

t.test('a NULL histogram has no sample, and adds nothing in a window', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const plain = defineCollector({
    name: 'plain',
    metrics: { business_plain_seconds: histogram('A.', [1]) },
    query: (sql) => sql`SELECT NULL AS business_plain_seconds`,
  })
  const windowed = defineCollector({
    name: 'windowed',
    metrics: { business_windowed_seconds: histogram('A.', [1]) },
    window: { settle: '0s' },
    query: (sql, { from, to }) => sql`
      SELECT NULL AS business_windowed_seconds WHERE ${from} < ${to}`,
  })
  const { scrape, round } = await startService(t, { DATABASE_URL: url }, { collectors: [plain, windowed] })
  await round()
  t.same(
    [...(await scrape())].filter(([name]) => /^business_|rejected.*value/.test(name)),
    [
      ['business_windowed_seconds_bucket{le="1"}', 0],
      ['business_windowed_seconds_bucket{le="+Inf"}', 0],
      ['business_windowed_seconds_sum', 0],
      ['business_windowed_seconds_count', 0],
      ['collector_rejected_rows_total{collector="plain",reason="value"}', 0],
      ['collector_rejected_rows_total{collector="windowed",reason="value"}', 0],
    ],
  )
})

t.test('a row of a window whose every value is rejected begins no total', async (t) => {
  const { collector } = defineCollector({
    name: 'things',
    labels: { kind: { open: 9 } },
    metrics: { business_a_total: counter('A.'), business_b_total: counter('B.') },
    window: { settle: '1m' },
    query: (sql, { from, to }) => sql`${from}${to}`,
  })
  const rows = new Rows(collector)
  rows.columns(['kind', 'business_a_total', 'business_b_total'])
  t.strictSame([rows.add(['x', 'many', -1]), rows.add(['y', 'many', 2])], [false, true])
  t.strictSame([...rows.sets], [{ labels: ['y'], values: [0, 2] }])
  t.match(rows.rejections(), { rejected: { value: 3 } })
})

t.test(
  'what is rejected in a window counts once, at once, however often its rows are asked for',
  async (t) => {
    const { url, sql } = await createDatabase(t, { schema: false })
    await sql`CREATE TABLE things (size text, happened timestamptz DEFAULT clock_timestamp())`
    const things = defineCollector({
      name: 'things',
      metrics: { business_things_total: counter('A.') },
      window: { settle: '300ms' },
      query: (sql, { from, to }) => sql`
      SELECT max(size) AS business_things_total FROM things WHERE happened > ${from} AND happened <= ${to}`,
    })
    const service = await startService(t, { DATABASE_URL: url }, { collectors: [things] })
    const rejected = async () => {
      await service.round()
      return (await service.scrape()).get('collector_rejected_rows_total{collector="things",reason="value"}')
    }
    await sql`INSERT INTO things VALUES ('many')`
    t.equal(await rejected(), 1)
    t.equal(await rejected(), 1)
    await delay(350)
    t.equal(await rejected(), 1, 'it is sealed')
    t.equal(await rejected(), 1)
    await sql`INSERT INTO things VALUES ('more')`
    t.equal(await rejected(), 2)
  },
)
