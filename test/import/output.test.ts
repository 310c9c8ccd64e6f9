import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { createFolder, fixture } from './project.ts'

t.test('no secret of a data source name is written or printed', async (t) => {
  const project = createFolder(t)
  const { stdout, stderr } = project.import(fixture('shop.yml'))
  const files = readdirSync(project.collectors).map((file) =>
    readFileSync(join(project.collectors, file), 'utf8'),
  )
  t.notMatch([stdout, stderr, ...files].join('\n'), /hunter2/)
  t.match(stdout, 'set DATABASE_URL=postgres://exporter@db.example.com:5432/shop, with the passwords')
})

t.test('what could not be carried over is said in the summary, with its place and what to do', async (t) => {
  const project = createFolder(t)
  const { stdout } = project.import(fixture('shop.yml'))
  for (const [line, said] of [
    [99, 'metric "shop_days": its query is several statements: write it as one SELECT'],
    [104, 'metric "shop_pools": its query is a SHOW: a collector asks one SELECT'],
    [
      109,
      'metric "shop_due": its query has a place that something else fills in ("$1"): write the value itself',
    ],
    [114, 'metric "shop_stock": the name is taken by "shop_stock"'],
    [119, 'is longer than 63 characters'],
    [125, 'collector "forgotten": no target or job asks for it'],
  ] as const) {
    const found = stdout.split('\n').find((text) => text.includes(said))
    t.match(found, `shop.yml:${line}: `, said)
  }
})

t.test(
  'what a file could not take over, or only otherwise, is a comment in it and in the summary',
  async (t) => {
    for (const [from, file, said] of [
      ['shop.yml', 'shop-order-age-seconds.ts', 'timestamp_value of shop_order_age_seconds'],
      ['shop.yml', 'process-batches-total.ts', 'A text in the query has a template in it'],
      ['shop.yml', 'process-batches-total.ts', 'process_batches_total is business_process_batches_total'],
      [
        'queries.yml',
        'jobs-seconds-buckets.ts',
        'jobs_seconds is three gauges, jobs_seconds_bucket, _sum and _count',
      ],
    ] as const) {
      const project = createFolder(t)
      const { stdout } = project.import(fixture(from))
      t.ok(
        stdout.split('\n').some((line) => line.includes(said)),
        said,
      )
      const text = readFileSync(join(project.collectors, file), 'utf8')
      const comments = [...text.matchAll(/^\/\/ +(.*)$/gm)].map(([, comment]) => comment).join(' ')
      t.ok(comments.includes(said), `${file}: ${said}`)
    }
  },
)

t.test('a file that is there is not overwritten, and then nothing is written', async (t) => {
  const project = createFolder(t, { imported: { 'jobs.ts': 'mine' } })
  const { status, stderr } = project.import(fixture('queries.yml'))
  t.equal(status, 1)
  t.match(stderr, 'imported/jobs.ts: there already, and nothing was written: move it, or name another --out')
  t.same(readdirSync(project.collectors), ['jobs.ts'])
  t.equal(readFileSync(join(project.collectors, 'jobs.ts'), 'utf8'), 'mine')
})

t.test('a query that is no SELECT of a reader is not written, and the reason is told', async (t) => {
  const refused: [query: string, reason: string][] = [
    ["SELECT 1 AS n; SELECT ';' AS n", 'its query is several statements'],
    ['VACUUM orders', 'its query is a VACUUM'],
    [
      'WITH gone AS (DELETE FROM orders RETURNING 1) SELECT count(*) AS n FROM gone',
      'its query writes or locks rows',
    ],
    ['SELECT n FROM orders FOR NO KEY UPDATE', 'its query writes or locks rows'],
    ['SELECT count(*) AS n FROM {{ .Table }}', 'its query has a place that something else fills in ("{{")'],
    ['-- later', 'it has no query'],
  ]
  const metrics = refused.map(([query], i) => ({
    metric_name: `m_${i}`,
    type: 'gauge',
    help: 'M.',
    values: ['n'],
    query,
  }))
  const project = createFolder(t, { 'file.yml': stringify({ collector_name: 'all', metrics }) })
  const { stdout } = project.import('file.yml')
  for (const [i, [query, reason]] of refused.entries()) t.match(stdout, `metric "m_${i}": ${reason}`, query)
  t.notOk(existsSync(project.collectors))
})

t.test('a query that only looks like more, or like one that writes, is written', async (t) => {
  const taken = [
    'SELECT count(*) AS n FROM a; -- and so on;',
    `SELECT count(*) AS n FROM a WHERE b = $$; DELETE FROM a$$ OR c = E'\\';{{' /* ; */`,
    '(SELECT count(*) AS n FROM a)\n;\n',
    'WITH a AS (SELECT 1) TABLE a',
    'SELECT count(*) AS n FROM "delete from x"',
  ]
  const metrics = taken.map((query, i) => ({
    metric_name: `m_${i}`,
    type: 'gauge',
    help: 'M.',
    values: ['n'],
    query,
  }))
  const project = createFolder(t, { 'file.yml': stringify({ collector_name: 'all', metrics }) })
  t.equal(project.import('file.yml').status, 0)
  t.equal(readdirSync(project.collectors).length, taken.length)
})
