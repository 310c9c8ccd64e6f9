import t from 'tap'
import { createFolder } from './project.ts'

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

const cases: [what: string, text: string, said: string][] = [
  [
    'YAML that is none',
    'target:\n  name: x\n\tdata_source_name: hunter2\n',
    'file.yml:3: this is not YAML: Tabs are not allowed',
  ],
  [
    'a file with a key that is there twice',
    'a: 1\nb: 2\na: 3\n',
    'file.yml:3: this is not YAML: Map keys must be unique',
  ],
  ['an empty file', '# nothing\n', 'file.yml: the file is empty'],
  ['a list', '- a\n', 'file.yml:1: a mapping of keys to values is due here'],
  ['a file of neither kind', 'scrape_configs: []\n', 'neither a configuration of sql_exporter'],
  [
    'a configuration with an unknown key',
    `${config('')}colectors: []\n`,
    'file.yml:7: "colectors" is not a key of a configuration of sql_exporter: remove it; the keys are global,',
  ],
  [
    'a target with an unknown key',
    config('').replace('collectors:', 'colectors:'),
    'file.yml:5: "colectors" is not a key of "target"',
  ],
  [
    'a metric with an unknown key',
    metric('quer: SELECT 1'),
    'file.yml:8: "quer" is not a key of a metric of sql_exporter',
  ],
  [
    'a configuration that names a file that is not there',
    config('collector_files: [x*.yml]'),
    'file.yml:6: "collector_files": no file is "x*.yml"',
  ],
  [
    'a metric of a query that is not there',
    metric('query_ref: orders'),
    'file.yml:8: metric "shop_orders" refers to the query "orders"',
  ],
  ['a metric without a query', metric('# none'), 'file.yml:4: metric "shop_orders" has no "query"'],
  [
    'a metric of a type that there is not',
    metric().replace('gauge', 'histogram'),
    'file.yml:5: metric "shop_orders" is of a type',
  ],
  [
    'a duration that is none',
    `min_interval: often${metric()}`,
    'file.yml:1: "min_interval" takes a duration such as',
  ],
  ['a list where a text is due', metric('query: [hunter2]'), 'file.yml:8: "query" takes a text'],
  [
    'a query with an unknown key',
    'q:\n  query: SELECT 1\n  ttl: 5\n',
    'file.yml:3: "ttl" is not a key of a query of postgres_exporter',
  ],
  [
    'a column with an unknown usage',
    'q:\n  query: SELECT 1 AS n\n  metrics:\n    - n:\n        usage: NUMBER\n',
    'file.yml:4: the usage of column "n" is none of LABEL, COUNTER,',
  ],
]

for (const [what, text, said] of cases) {
  t.test(`an import of ${what} fails with one line that says where, and what to do`, async (t) => {
    const { status, stdout, stderr } = createFolder(t, { 'file.yml': text }).import('file.yml')
    t.equal(status, 1)
    t.ok(stderr.includes(said), stderr)
    t.match(stderr, /^[^\n]+\n$/)
    t.notMatch(`${stdout}${stderr}`, 'hunter2')
  })
}

t.test('--help says how it is called, and writes nothing', async (t) => {
  const { status, stdout, stderr } = createFolder(t).import('--help')
  t.equal(status, 0)
  t.match(stdout, /^Usage: import FILE \[--out DIR\]/)
  t.equal(stderr, '')
})

t.test('arguments that are wrong are answered with how it is called', async (t) => {
  const project = createFolder(t)
  for (const args of [[], ['a.yml', 'b.yml'], ['a.yml', '--output', 'x']]) {
    const { status, stderr } = project.import(...args)
    t.equal(status, 1)
    t.match(stderr, 'Usage: import FILE [--out DIR]')
  }
})

t.test('a file that cannot be read is named, with the reason', async (t) => {
  const { status, stderr } = createFolder(t).import('gone.yml')
  t.equal(status, 1)
  t.match(stderr, 'gone.yml: cannot be read (ENOENT)')
})

t.test('a file of which nothing can be carried over is a failure, with the reasons', async (t) => {
  const { status, stdout, stderr } = createFolder(t, { 'file.yml': metric('query: SHOW POOLS') }).import(
    'file.yml',
  )
  t.equal(status, 1)
  t.match(stdout, 'file.yml:4: metric "shop_orders": its query is a SHOW: a collector asks one SELECT')
  t.match(stderr, 'file.yml: no query of it could be carried over')
})
