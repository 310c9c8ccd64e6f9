import { readFileSync } from 'node:fs'
import t from 'tap'
import { stringify } from 'yaml'
import { createDatabase } from '../database.ts'
import { importHere } from './project.ts'

/** What is written of a file: each collector by its name. */
async function written(t: Parameters<typeof importHere>[0], text: string) {
  const { written, stdout, stderr, dir } = await importHere(t, { 'file.yml': text }, 'file.yml')
  const files = new Map(written.map((name) => [name, readFileSync(`${dir}/imported/${name}`, 'utf8')]))
  return { of: (name: string) => files.get(`${name}.ts`) ?? `nothing of ${name}: ${stderr}`, stdout }
}

t.test('queries of CloudNativePG have its prefix, its condition, its databases and its role', async (t) => {
  const { of, stdout } = await written(
    t,
    `apiVersion: v1
kind: ConfigMap
metadata: { name: custom, labels: { cnpg.io/reload: "" } }
data:
  custom-queries: |
    pg_size:
      query: SELECT datname, 1 AS bytes FROM pg_database
      predicate_query: SELECT EXISTS (SELECT FROM pg_database)
      target_databases: [app, shop]
      primary: true
      metrics:
        - datname: { usage: LABEL, description: D, name: db }
        - bytes: { usage: GAUGE, description: B, name: size }
`,
  )
  t.match(stdout, 'taken for queries of CloudNativePG')
  for (const text of [
    "cnpg_pg_size_size: gauge('B'",
    "coalesce(source.datname::text, '') AS db",
    'WHERE (SELECT EXISTS (SELECT FROM pg_database))',
    "databases: ['app', 'shop']",
    "role: 'primary'",
    '(file.yml:6)',
  ])
    t.match(of('pg-size'), text)
})

t.test('queries of pg_exporter have their versions, names and scales', async (t) => {
  const { of, stdout } = await written(
    t,
    `pg_db_14:
  name: pg_db
  desc: Databases
  query: SELECT datname, 5 AS t FROM pg_database
  ttl: 10
  min_version: 140000
  max_version: 170000
  tags: [standby, 'dbname:postgres']
  metrics:
    - datname: { usage: LABEL }
    - t: { usage: COUNTER, rename: seconds_total, scale: 1e-3, default: 0, description: T }
`,
  )
  t.match(stdout, 'taken for queries of pg_exporter')
  for (const text of [
    "pg_db_seconds_total: counter('T'",
    'coalesce(source.t, 0) * 0.001 AS pg_db_seconds_total',
    "versions: '>=14 <17'",
    "role: 'standby'",
    "databases: ['postgres']",
    "interval: '10s'",
  ])
    t.match(of('pg-db'), text)
})

t.test('queries of query-exporter have their databases, and what adds up is named', async (t) => {
  const { of, stdout } = await written(
    t,
    `databases:
  eu: { dsn: 'postgresql://me:hunter2@eu/shop' }
  us: { dsn: 'env:US_DSN' }
metrics:
  orders: { type: gauge, description: Orders, labels: [status] }
  sold: { type: counter, description: Sold, labels: [status] }
  times: { type: histogram, description: Times }
queries:
  orders: { databases: [eu], interval: 5m, metrics: [orders, sold], sql: "SELECT status, 1 AS orders, 2 AS sold FROM o" }
  times: { databases: [eu, us], metrics: [times], sql: SELECT 1 AS times }
`,
  )
  t.match(stdout, 'taken for queries of query-exporter')
  t.match(stdout, "DATABASE_URL='eu=postgres://me@eu/shop us=postgres://…'")
  t.match(stdout, 'metric "times": it is a histogram that adds up what each run returns')
  t.notMatch(stdout, 'hunter2')
  for (const text of [
    "orders: gauge('Orders'",
    "sold_total: counter('Sold'",
    "databases: ['eu']",
    "interval: '5m'",
    'status: open(1_000_000)',
  ])
    t.match(of('orders'), text)
})

t.test('the values of the chart of sql_exporter have its configuration and its collectors', async (t) => {
  const { of } = await written(
    t,
    `image: { tag: 1 }
config:
  global: { ping_interval: 30s }
  target: { data_source_name: 'postgres://me:hunter2@db/shop', collectors: [shop] }
collectorFiles:
  shop.collector.yml:
    collector_name: shop
    metrics: [{ metric_name: shop_n, type: gauge, help: N., values: [n], query: SELECT 1 AS n }]
`,
  )
  t.match(of('shop'), "shop_n: gauge('N.', { zeros: false })")
})

t.test('a ConfigMap may have other texts beside the queries', async (t) => {
  const { of, stdout } = await written(
    t,
    `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: { name: a }
    data:
      LOG_LEVEL: debug
      README.md: "# hello"
      broken.yaml: "a: {"
      queries: |
        good:
          query: SELECT 1 AS n
          metrics: [{ n: { usage: GAUGE, description: N. } }]
  - { apiVersion: v1, kind: Service, spec: {} }
`,
  )
  t.match(of('good'), "good_n: gauge('N.'")
  t.match(stdout, /Not carried over:\n {2}file.yml:10: key "broken.yaml": this is not YAML[^\n]*\n\n/)
})

t.test('the data of a Secret is decoded, and the collectors in it need no file', async (t) => {
  const config = stringify({
    target: { data_source_name: 'postgres://me:hunter2@db/shop', collectors: ['shop'] },
    collector_files: ['/etc/*.collector.yml'],
  })
  const collector = stringify({
    collector_name: 'shop',
    metrics: [{ metric_name: 'shop_n', type: 'gauge', help: 'N.', values: ['n'], query: 'SELECT 1 AS n' }],
  })
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const data = { 'sql_exporter.yml': base64(config), 'shop.yml': base64(collector) }
  const files = { 'file.yml': stringify({ apiVersion: 'v1', kind: 'Secret', data }) }
  const { status, stdout, written } = await importHere(t, files, 'file.yml')
  t.equal(status, 0)
  t.same(written, ['shop.ts'])
  t.match(stdout, 'set DATABASE_URL=postgres://me@db/shop,')
  t.notMatch(stdout, 'hunter2')
})

t.test('what pg_exporter is to skip is not carried over, and what it asks first is', async (t) => {
  const { of, stdout } = await written(
    t,
    `pg_a:
  desc: A
  query: SELECT 1 AS n
  tags: [cluster, 'dbname:shop']
  predicate_queries: [{ name: one, query: "SELECT true; " }, { name: two, query: SELECT false -- no }]
  metrics: [{ n: { usage: GAUGE, description: N. } }]
pg_b: { desc: B, query: SELECT 1 AS n, skip: true, metrics: [{ n: { usage: GAUGE } }] }
pg_c: { desc: C, query: SELECT 1 AS n, metrics: [{ n: { usage: HISTOGRAM, bucket: [1, 2] } }] }
`,
  )
  t.match(of('pg-a'), /WHERE \(SELECT true\)\n +AND \(SELECT false -- no\n +\)/)
  t.match(of('pg-b'), 'nothing of pg-b')
  t.match(stdout, 'query "pg_b": it is to be skipped')
  t.match(stdout, 'column "n": its histogram adds up one value of each row: use histogram and observe')
  t.match(stdout, 'pg-a.ts: Its tag "cluster", which chooses servers, is not carried over')
  t.match(stdout, "set DATABASE_URL='shop=postgres://…', for DATA_SOURCE_NAME")
})

t.test('databases of query-exporter may be in parts, and their passwords stay where they are', async (t) => {
  const { stdout } = await written(
    t,
    `databases:
  eu: { dsn: { dialect: postgresql, user: me, password: hunter2, host: eu.example.com, port: 5433, database: shop } }
  us: { dsn: !env US_DSN, connect-sql: [SET a = 1], labels: { region: us } }
metrics: { orders: { type: gauge }, state: { type: enum, states: [a] } }
queries:
  orders: { databases: [eu, us], metrics: [orders, state], sql: "SELECT 1 AS orders, 'a' AS state" }
`,
  )
  t.match(stdout, "DATABASE_URL='eu=postgres://me@eu.example.com:5433/shop us=postgres://…'")
  t.match(stdout, 'the labels region of its databases are not on the samples')
  t.match(stdout, 'connect-sql: a session has the settings of the service')
  t.match(stdout, 'metric "state": it is an enum, whose value is a text')
  t.notMatch(stdout, 'hunter2')
})

t.test('a name of justwatch loses what no metric can have', async (t) => {
  const query = { name: 'a-b.c', values: ['n'], query: 'SELECT 1 AS n' }
  const { of } = await written(
    t,
    stringify({ jobs: [{ connections: ['postgres://h/d'], queries: [query] }] }),
  )
  t.match(of('a-b-c'), 'sql_abc: gauge(')
})

t.test('a query that comes twice is asked once', async (t) => {
  const metric = { metric_name: 'shop_n', type: 'gauge', help: 'N.', values: ['n'], query: 'SELECT 1 AS n' }
  const text = stringify({ collector_name: 'shop', metrics: [metric] })
  const { of } = await written(t, `${text}---\n${text}`)
  t.notMatch(of('shop'), 'UNION ALL')
})

t.test('a metric of two queries with the same labels is one collector', async (t) => {
  const metric = (state: string) => ({
    metric_name: 'shop_orders',
    type: 'gauge',
    help: 'Orders.',
    static_labels: { state },
    values: ['n'],
    query: `SELECT count(*) AS n FROM ${state}`,
  })
  const { of } = await written(
    t,
    stringify({ collector_name: 'shop', metrics: [metric('open'), metric('done')] }),
  )
  t.match(of('shop-orders'), "state: ['open', 'done']")
  t.match(of('shop-orders'), /FROM open.*UNION ALL.*FROM done/s)
})

t.test('the database names what is not there and what writes, and tells the types of columns', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things (name text, made timestamptz, ok bool)`
  const query = (sql: string, ...columns: string[]) => ({
    query: sql,
    metrics: columns.map((column) => ({ [column]: { usage: 'GAUGE', description: 'D.' } })),
  })
  process.env.DATABASE_URL = url
  t.teardown(() => {
    delete process.env.DATABASE_URL
  })
  const { stdout, stderr, written, dir } = await importHere(
    t,
    {
      'file.yml': stringify({
        typed: query('SELECT made AS a, ok AS b, 3 AS other FROM things', 'a', 'b', 'othr'),
        wrong: query('SELECT nam AS n FROM things', 'n'),
        locks: query('SELECT 1 AS n FROM things FOR  UPDATE', 'n'),
      }),
    },
    'file.yml',
    '--ask',
  )
  t.equal(stderr, '')
  t.same(written, ['typed.ts', 'wrong.ts'])
  t.match(stdout, 'metric "typed_othr": the query has no column "othr": did you mean "other"?')
  t.match(stdout, /query "wrong": column "nam" does not exist: .*things\.name/)
  t.match(stdout, 'query "locks": its query writes or locks rows')
  t.match(stdout, 'typed.ts: typed_a, typed_b, typed_other')
  const typed = readFileSync(`${dir}/imported/typed.ts`, 'utf8')
  t.ok(typed.includes('floor(extract(epoch FROM source.a)) AS typed_a'), typed)
  t.ok(typed.includes('source.b::int AS typed_b'), typed)
})

t.test('200 queries are carried over, each to a file', async (t) => {
  const query = { query: 'SELECT l, 1 AS n', metrics: [{ l: { usage: 'LABEL' } }, { n: { usage: 'GAUGE' } }] }
  const queries = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`q${i}`, query]))
  const began = performance.now()
  const { status, written, stdout } = await importHere(t, { 'file.yml': stringify(queries) }, 'file.yml')
  t.comment(`200 queries took ${Math.round(performance.now() - began)} ms`)
  t.equal(status, 0)
  t.equal(written.length, 200)
  t.ok(stdout.split('\n').length < 60, 'the summary fits on a screen')
})
