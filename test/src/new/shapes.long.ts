import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../../root.ts'
import { startService } from '../../service.ts'
import { openShop } from './run.ts'

type Row = Readonly<Record<string, string | number | boolean | null>>

/** Names of collectors, their queries, and the samples that the page has for a row of the query as psql shows it. */
const SHAPES: readonly [
  name: string,
  sql: string,
  sample: (row: Row) => Readonly<Record<string, unknown>>,
][] = [
  [
    'orders-by-channel',
    'SELECT channel, count(*) FROM orders GROUP BY channel',
    ({ channel, count }) => ({ [`business_orders{channel="${channel}"}`]: count }),
  ],
  [
    'parcels',
    'select state, warehouse, count(*) as n, sum(total) from orders where not gift group by 1, 2 order by n desc;',
    ({ state, warehouse, n, sum }) => ({
      [`business_parcels{state="${state}",warehouse="${warehouse ?? 'none'}"}`]: n,
      [`business_parcels_value{state="${state}",warehouse="${warehouse ?? 'none'}"}`]: sum,
    }),
  ],
  [
    'oldest-unpaid',
    `SELECT channel, min(date_trunc('minute', placed_at)) FROM orders WHERE paid_at IS NULL GROUP BY channel`,
    ({ channel, min }) => ({
      [`business_oldest_unpaid_timestamp_seconds{channel="${channel}"}`]: Date.parse(String(min)) / 1000,
    }),
  ],
  [
    'payments',
    `SELECT channel, max(interval '90 minutes') AS delay FROM orders GROUP BY channel`,
    ({ channel }) => ({ [`business_delay_seconds{channel="${channel}"}`]: 5400 }),
  ],
  [
    'best-customers',
    'SELECT customer, sum(total) AS revenue FROM orders GROUP BY customer ORDER BY 2 DESC LIMIT 10',
    ({ customer, revenue }) => ({ [`business_revenue{customer="${customer}"}`]: revenue }),
  ],
  [
    'gifts',
    'SELECT gift, count(*) FROM orders GROUP BY gift',
    ({ gift, count }) => ({ [`business_gifts{gift="${gift}"}`]: count }),
  ],
  [
    'priorities',
    'SELECT priority, count(*) AS orders_of FROM orders GROUP BY priority',
    ({ priority, orders_of }) => ({ [`business_orders_ofs{priority="${priority}"}`]: orders_of }),
  ],
  [
    'years',
    'SELECT extract(year FROM placed_at) AS "Year", count(DISTINCT customer) FROM orders GROUP BY 1',
    ({ Year, count }) => ({ [`business_years{year="${Year}"}`]: count }),
  ],
  [
    'tables',
    `SELECT relname, pg_table_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    ({ relname, pg_table_size }) => ({ [`business_tables_bytes{relname="${relname}"}`]: pg_table_size }),
  ],
  ['alarm', 'SELECT EXISTS (SELECT FROM orders WHERE gift) AS has_gifts', () => ({ business_has_gifts: 1 })],
  [
    'late',
    'WITH late AS (\n  SELECT * FROM orders\n   WHERE paid_at IS NULL -- not `paid`\n)\nSELECT channel, count(*) FROM late GROUP BY channel',
    ({ channel, count }) => ({ [`business_lates{channel="${channel}"}`]: count }),
  ],
  [
    'share',
    'SELECT channel, 100.0 * count(paid_at) / count(*) AS paid_percent FROM orders GROUP BY channel',
    ({ channel, paid_percent }) => ({
      [`business_paid_ratio{channel="${channel}"}`]: Number(paid_percent) / 100,
    }),
  ],
  [
    'pairs',
    'SELECT channel, count(*), count(paid_at) FROM orders GROUP BY channel',
    ({ channel }) => ({ [`business_pairs_2{channel="${channel}"}`]: channel === 'app' ? 84 : 83 }),
  ],
  [
    'more',
    'SELECT a.channel, count(*) + 1 FROM orders AS a JOIN orders AS b USING (id) GROUP BY a.channel',
    ({ channel, ...rest }) => ({ [`business_mores{channel="${channel}"}`]: rest['?column?'] }),
  ],
  [
    'names',
    `SELECT channel, count(*) n FROM orders WHERE customer ~ '^Customer \\d+$' AND channel <> '\`\${x}' GROUP BY channel`,
    ({ channel, n }) => ({ [`business_names{channel="${channel}"}`]: n }),
  ],
  [
    'union',
    `SELECT 'web' AS kind, count(*) FROM orders UNION ALL SELECT 'visit', count(*) FROM visits`,
    ({ kind, count }) => ({ [`business_unions{kind="${kind}"}`]: count }),
  ],
]

const shop = await openShop(t)

t.test('a query becomes a collector that shows the numbers of psql', async (t) => {
  for (const [name, query] of SHAPES) {
    const { code, stdout, stderr, file = '' } = await shop.run([name, '--sql', query])
    t.equal(code, 0, `${name}: ${stderr}${stdout}`)
    // Of the LIMIT that it was given, check says what it takes away.
    t.match(stdout, `${name === 'best-customers' ? 'warning ' : 'ok      '} ${name} `)
    const { stdout: formatted } = spawnSync(
      join(ROOT, 'node_modules/.bin/biome'),
      ['format', '--stdin-file-path=collectors/x.ts'],
      { cwd: ROOT, input: file, encoding: 'utf8' },
    )
    t.equal(formatted, file, `${name} is formatted`)
  }
  const service = await startService(t, { DATABASE_URL: shop.url }, { folder: shop.folder })
  const page = await service.scrape()
  for (const [name, query, sample] of SHAPES) {
    const rows: readonly Row[] = await shop.sql.unsafe(query)
    for (const row of rows) {
      for (const [series, value] of Object.entries(sample(row))) {
        const shown = page.get(series) ?? Number.NaN
        t.ok(Math.abs(shown - Number(value)) < 1e-6, `${name}: ${series} is ${shown}, not ${value}`)
      }
    }
  }
})
