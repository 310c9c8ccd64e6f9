import t from 'tap'
import { importHere } from './project.ts'

const metric = (text = '') => `
collector_name: shop
metrics:
  - metric_name: shop_orders
    type: gauge
    help: Orders.
    values: [n]
    ${text || 'query: SELECT 1 AS n'}
`
const config = (text: string) => `
global: {}
target:
  data_source_name: postgres://exporter:hunter2@db/shop
  collectors: [shop]
${text}
`

const refused: [what: string, text: string, said: string][] = [
  [
    'YAML that is none',
    'target:\n  name: x\n\tdata_source_name: hunter2\n',
    'file.yml:3: this is not YAML: Tabs are not allowed',
  ],
  [
    'a template',
    'q:\n  query: {{ .Values.q | quote }}\n',
    'file.yml:1: this looks like a template: render it first, such as with: helm template',
  ],
  ['an empty file', '# nothing\n', 'file.yml: the file is empty'],
  ['a list', '- a\n', 'file.yml:1: a mapping of keys to values is due here'],
  ['a file of neither kind', 'scrape_configs: []\n', 'neither a configuration of sql_exporter'],
  ['metrics of pgwatch', 'presets: {}\nmetrics: {}\n', 'these are metrics of pgwatch'],
  ['a ConfigMap without such a file', 'apiVersion: v1\nkind: ConfigMap\n', 'the manifest has no file'],
]

for (const [what, text, said] of refused) {
  t.test(`an import of ${what} fails with one line that says where, and what to do`, async (t) => {
    const { status, stdout, stderr } = await importHere(t, { 'file.yml': text }, 'file.yml')
    t.equal(status, 1)
    t.ok(stderr.includes(said), stderr)
    t.match(stderr, /^[^\n]+\n$/)
    t.notMatch(`${stdout}${stderr}`, 'hunter2')
  })
}

const good = `
good:
  query: SELECT 1 AS n
  metrics: [{ n: { usage: GAUGE, description: N. } }]
`
const goodMetric = `
  - metric_name: good_n
    type: gauge
    help: N.
    values: [n]
    query: SELECT 1 AS n
`

const lost: [what: string, text: string, said: string][] = [
  [
    'a key that is there twice',
    `${good}${good}`,
    'file.yml:6: key "good": it is there twice, and the last one counts',
  ],
  [
    'a configuration with an unknown key',
    `${config(`collectors: [{ collector_name: shop, metrics: [{ metric_name: good_n, type: gauge, help: N., values: [n], query: SELECT 1 AS n }] }]`)}colectors: []\n`,
    'file.yml:7: key "colectors": it is not a key of a configuration of sql_exporter: did you mean "collectors"?',
  ],
  [
    'a metric with an unknown key',
    `${metric('quer: SELECT 1')}${goodMetric}`,
    'file.yml:4: metric "shop_orders": metric "shop_orders" has no "query"',
  ],
  [
    'a configuration that names a file that is not there',
    config(
      `collector_files: [x*.yml]\ncollectors: [{ collector_name: shop, metrics: [{ metric_name: good_n, type: gauge, help: N., values: [n], query: SELECT 1 AS n }] }]`,
    ),
    'file.yml:6: collector_files: no file is "x*.yml": name its files too, beside this one',
  ],
  [
    'a metric of a query that is not there',
    `${metric('query_ref: orders')}${goodMetric}`,
    'file.yml:8: metric "shop_orders": it refers to the query "orders"',
  ],
  [
    'a metric of a type that there is not',
    `${metric().replace('gauge', 'histogram')}${goodMetric}`,
    'file.yml:5: metric "shop_orders": it is of a type that sql_exporter does not have',
  ],
  [
    'a duration that is none',
    `min_interval: often${metric()}`,
    'file.yml:1: key "min_interval": "min_interval" takes a duration such as',
  ],
  [
    'a list where a text is due',
    `${metric('query: [hunter2]')}${goodMetric}`,
    'file.yml:8: metric "shop_orders": "query" takes a text',
  ],
  [
    'a query with an unknown key',
    `${good}  cache-seconds: 5\n`,
    'file.yml:5: key "cache-seconds": it is not a key of a query of postgres_exporter: did you mean "cache_seconds"?',
  ],
  [
    'a column with an unknown usage',
    `${good}q:\n  query: SELECT 1 AS n\n  metrics:\n    - n: { usage: gauge }\n`,
    'file.yml:8: column "n": it has the usage "gauge", with which the exporter discards it: write: usage: GAUGE',
  ],
  [
    'a query without SQL',
    `${good}q:\n  metrics: [{ n: { usage: GAUGE } }]\n`,
    'file.yml:5: query "q": it has no "query"',
  ],
  [
    'an entry of a list that is a text',
    `${metric()}  - hunter2\n`,
    'file.yml:9: an entry of "metrics": it is no mapping of keys',
  ],
]

for (const [what, text, said] of lost) {
  t.test(`${what} is named with its place, and costs nothing else`, async (t) => {
    const { status, stdout, stderr, written } = await importHere(t, { 'file.yml': text }, 'file.yml')
    t.equal(status, 1)
    t.equal(stderr, '')
    t.ok(stdout.includes(said), stdout)
    t.notMatch(stdout, 'hunter2')
    t.equal(written.length, 1)
  })
}

for (const text of ['x-columns: [a]\n', 'x-common: &common { cache_seconds: 30 }\n']) {
  t.test(`what has no metrics is named, and nothing is lost by it: ${text.trim()}`, async (t) => {
    const { status, stdout } = await importHere(t, { 'file.yml': good + text }, 'file.yml')
    t.equal(status, 0)
    t.match(stdout, 'file.yml:5: query "x-co')
  })
}

t.test('what is lost makes the exit code 1, unless it is allowed', async (t) => {
  const files = { 'file.yml': `${good}q: { query: SHOW pools, metrics: [{ n: { usage: GAUGE } }] }\n` }
  t.equal((await importHere(t, files, 'file.yml')).status, 1)
  t.equal((await importHere(t, files, 'file.yml', '--allow-loss')).status, 0)
  t.equal((await importHere(t, { 'file.yml': good }, 'file.yml')).status, 0)
})

t.test('several files become one folder, and a dry run writes nothing', async (t) => {
  const files = { 'a.yml': good, 'b.yml': good.replaceAll('good', 'other') }
  const dry = await importHere(t, files, 'a.yml', 'b.yml', '--dry-run')
  t.match(dry.stdout, 'Would be written to imported: 2 collectors, 2 metrics')
  t.same(dry.written, [])
  const { status, written } = await importHere(t, files, 'a.yml', 'b.yml')
  t.equal(status, 0)
  t.same(written, ['good.ts', 'other.ts'])
})

t.test('the standard input is a file, alone or beside others', async (t) => {
  const files = { '-': good, 'b.yml': good.replaceAll('good', 'other') }
  const alone = await importHere(t, files, '-')
  t.equal(alone.status, 0)
  t.match(alone.stdout, 'standard input: taken for queries of postgres_exporter')
  t.same(alone.written, ['good.ts'])
  t.same((await importHere(t, files, '-', 'b.yml')).written, ['good.ts', 'other.ts'])
  t.match((await importHere(t, {}, '-')).stderr, 'standard input: the file is empty')
})

t.test('a file among others that cannot be understood costs itself', async (t) => {
  const files = { 'a.yml': good, 'b.yml': 'a: {\n', 'c.yml': 'scrape_configs: []\n' }
  const { status, stdout, stderr, written } = await importHere(
    t,
    files,
    'gone.yml',
    'b.yml',
    'c.yml',
    'a.yml',
  )
  t.equal(status, 1)
  t.equal(stderr, '')
  t.same(written, ['good.ts'])
  for (const said of [
    'gone.yml: cannot be read (ENOENT)',
    'b.yml: the file: b.yml:',
    'c.yml:1: the document',
  ])
    t.ok(stdout.includes(said), stdout)
  const none = await importHere(t, files, 'gone.yml', 'b.yml')
  t.equal(none.status, 1)
  t.match(none.stderr, /^gone.yml: cannot be read[^\n]*\n$/)
})

t.test(
  'a folder with other files may be written to, and a dry run says nothing of what is there',
  async (t) => {
    const files = { 'a.yml': good, imported: { 'other.ts': 'mine', 'good.js': 'mine' } }
    const { status, written } = await importHere(t, files, 'a.yml')
    t.equal(status, 0)
    t.same(written, ['good.js', 'good.ts', 'other.ts'])
    const there = { 'a.yml': good, imported: { 'good.ts': 'mine' } }
    t.equal((await importHere(t, there, 'a.yml', '--dry-run')).status, 0)
    t.match(
      (await importHere(t, there, 'a.yml')).stderr,
      'imported/good.ts: there already, and nothing was written',
    )
  },
)

t.test('text in quotes may be indented less than its key, as for the exporters', async (t) => {
  const text = `a:\n  query: "SELECT 1 AS v,\n  2 AS \\"w\\",\n'x: \\"y' AS l"\n  metrics: [{ v: { usage: GAUGE } }, { l: { usage: LABEL } }]\nb:\n  query: 'SELECT ''a''\n   AS l,\n 1 AS v'\n  metrics: [{ v: { usage: GAUGE } }]\n`
  const { status, stderr, written } = await importHere(t, { 'file.yml': text }, 'file.yml')
  t.equal(stderr, '')
  t.equal(status, 0)
  t.same(written, ['a.ts', 'b.ts'])
})

t.test('the same loss at many places is one line', async (t) => {
  const many = Array.from({ length: 40 }, (_, i) => `${good.replace('good', `q${i}`)}  cache-seconds: 5\n`)
  const { stdout } = await importHere(t, { 'file.yml': many.join('') }, 'file.yml')
  t.match(stdout, 'and 39 other places: key "cache-seconds": it is not a key')
  t.equal(stdout.split('cache-seconds').length, 2)
})

t.test('--help says how it is called, and writes nothing', async (t) => {
  const { status, stdout, stderr } = await importHere(t, {}, '--help')
  t.equal(status, 0)
  t.match(stdout, /^Usage: import \[option …\] FILE/)
  t.equal(stderr, '')
})

t.test('arguments that are wrong are answered with how it is called', async (t) => {
  for (const args of [[], ['a.yml', '--output', 'x']]) {
    const { status, stderr } = await importHere(t, {}, ...args)
    t.equal(status, 1)
    t.match(stderr, 'Usage: import [option …] FILE')
  }
})

t.test('a file that cannot be read is named, with the reason', async (t) => {
  const { status, stderr } = await importHere(t, {}, 'gone.yml')
  t.equal(status, 1)
  t.match(stderr, 'gone.yml: cannot be read (ENOENT)')
})

t.test('a file of which nothing can be carried over is a failure, with the reasons', async (t) => {
  const { status, stdout, stderr } = await importHere(
    t,
    { 'file.yml': metric('query: SHOW POOLS') },
    'file.yml',
  )
  t.equal(status, 1)
  t.match(stdout, 'file.yml:4: metric "shop_orders": its query is a SHOW: a collector asks one SELECT')
  t.match(stderr, 'file.yml: no query of it could be carried over')
})
