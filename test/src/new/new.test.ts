import t from 'tap'
import { openShop } from './run.ts'

const { run } = await openShop(t)

t.test('a plain SELECT keeps its form, a clause a line', async (t) => {
  const query =
    'select channel, count(*) from orders left join pg_class on relname = channel where gift group by channel'
  const { file } = await run(['presents', '--sql', query])
  t.equal(
    file,
    `import { defineCollector, gauge } from '../../../src/collector.ts'

export default defineCollector({
  name: 'presents',
  labels: { channel: ['app', 'phone', 'web', 'other'] },
  metrics: { business_presents: gauge('Presents.') },
  query: (sql) => sql\`
    SELECT channel, count(*) AS business_presents
      FROM orders
      LEFT JOIN pg_class ON relname = channel
     WHERE gift
     GROUP BY channel\`,
})
`,
  )
})

t.test('what grows by a moment with an index is counted by it, when the table is large', async (t) => {
  const query = 'SELECT page, count(*), sum(duration_ms) AS duration_ms FROM visits GROUP BY page'
  const { file, stdout } = await run(['visits', '--sql', query])
  t.match(file, `query: (sql, { from, to }) => sql\``)
  t.match(file, `WHERE create_time > \${from} AND create_time <= \${to}`)
  t.match(file, `window: { settle: '10m' }`)
  t.match(file, `business_visits_total: counter('Visits.')`)
  t.match(file, 'sum(duration_ms) / 1000.0 AS business_duration_seconds_total')
  t.match(stdout, 'it counts what is new by create_time')
  t.match(
    (await run(['all-visits', '--sql', 'SELECT count(*) FROM visits', '--window', 'none'])).file,
    'business_all_visits: gauge(',
  )
})

t.test('a window is only proposed where the answer may be another one', async (t) => {
  for (const [name, query, hinted] of [
    ['sold', 'SELECT channel, count(*) FROM orders GROUP BY channel', true],
    ['customers', 'SELECT count(DISTINCT customer) FROM orders', false],
    ['one-more', 'SELECT count(*) + 1 FROM orders', false],
    ['top', 'SELECT channel, count(*) FROM orders GROUP BY channel ORDER BY 2 LIMIT 2', false],
    ['last', 'SELECT max(total) FROM orders', false],
    ['two-tables', 'SELECT orders.channel, count(*) FROM orders, visits WHERE false GROUP BY 1', false],
  ] as const) {
    const { stdout, file = '' } = await run(
      [name, '--sql', query, '--label', 'channel=open(5)'].slice(0, name === 'two-tables' ? 5 : 3),
    )
    t.equal(stdout.includes('--window placed_at'), hinted, name)
    t.notMatch(file, 'window:')
  }
})

t.test('answers can be given beforehand', async (t) => {
  const { code, file, stdout } = await run([
    'wins',
    ...['--sql', 'SELECT channel, count(*) FROM orders WHERE gift OR total > 3 GROUP BY channel'],
    ...['--label', 'channel=open(5)', '--metric', `count=business_won_total:counter:It's: all.`],
    ...['--window', 'placed_at', '--settle', '2m', '--interval', '5m'],
  ])
  t.equal(code, 0, stdout)
  t.match(file, 'labels: { channel: open(5) }')
  t.match(file, `metrics: { business_won_total: counter("It's: all.") }`)
  t.match(file, `interval: '5m',\n  window: { settle: '2m' },`)
  t.match(file, `placed_at <= \${to} AND (gift OR total > 3)`)
})

t.test('a window that would leave rows out is refused, and written where it counts them all', async (t) => {
  const args = ['--window', 'paid_at', '--sql']
  const { code, stderr, file } = await run(['paid', ...args, 'SELECT count(*) FROM orders'])
  t.equal(code, 1)
  t.match(stderr, 'with a window by paid_at, the query does not count all that it counts without')
  t.match(stderr, 'add WHERE paid_at IS NOT NULL')
  t.equal(file, undefined)
  const paid = await run(['paid', ...args, 'SELECT count(*) FROM orders WHERE paid_at IS NOT NULL'])
  t.equal(paid.code, 0, paid.stdout)
  t.match(paid.file, `paid_at <= \${to} AND (paid_at IS NOT NULL)`)
})

t.test('a query that takes too long says which limit it met', async (t) => {
  const { code, stderr } = await run(
    ['slow', '--sql', 'SELECT count(*), pg_sleep(60) FROM orders'],
    undefined,
    {
      COLLECTOR_TIMEOUT: '200ms',
    },
  )
  t.equal(code, 1)
  t.match(stderr, 'the query took longer than COLLECTOR_TIMEOUT (200ms)')
})

t.test('an answer that no collector could have is refused before anything is written', async (t) => {
  for (const [answer, said] of [
    ['count=two words', '"two words" is not a metric name'],
    ['count=collector_orders', `"collector_orders" is a name of the service's own`],
  ] as const) {
    const { code, stderr, file } = await run([
      'odd',
      '--sql',
      'SELECT count(*) FROM orders',
      '--metric',
      answer,
    ])
    t.equal(code, 1)
    t.match(stderr, said)
    t.equal(file, undefined)
  }
})

t.test('without an answer on the terminal it ends, and writes nothing', async (t) => {
  const { code, stderr, file } = await run(['gone', '--sql', 'SELECT count(*) FROM orders'], {
    typed: [],
    ends: true,
  })
  t.equal(code, 1)
  t.match(stderr, 'there were no more answers')
  t.equal(file, undefined)
})

t.test('a file that is there is not written over', async (t) => {
  const { file } = await run(['kept', '--sql', 'SELECT count(*) FROM orders'])
  const { code, stderr, file: after } = await run(['kept', '--sql', 'SELECT count(*) FROM visits'])
  t.equal(code, 1)
  t.match(stderr, /kept\.ts is there already/)
  t.equal(after, file)
})

t.test('the query comes from the standard input, too', async (t) => {
  const { code, file } = await run(['piped'], { text: 'SELECT count(*) FROM orders;\n' })
  t.equal(code, 0)
  t.match(file, 'SELECT count(*) AS business_pipeds\n      FROM orders`')
})

t.test('on a terminal it asks, and an empty line takes what is proposed', async (t) => {
  const typed = ['open(7)', 'business_sold', '', 'yes', '1m']
  const { code, file, stderr } = await run(
    ['asked', '--sql', 'SELECT channel, count(*) FROM orders GROUP BY channel'],
    { typed },
  )
  t.equal(code, 0, stderr)
  t.match(stderr, 'label channel, its values or open(20) [app,phone,web,other]: ')
  t.match(file, 'labels: { channel: open(7) }')
  t.match(file, `metrics: { business_sold_total: counter('Asked.') }`)
  t.match(file, `window: { settle: '1m' }`)
})

t.test('ids are labels of those who insist', async (t) => {
  const query = 'SELECT id, sum(total) AS value FROM orders GROUP BY id ORDER BY 2 DESC LIMIT 5'
  const { code, file } = await run(['dearest', '--sql', query, '--force'])
  t.equal(code, 0)
  t.match(file, 'labels: { id: open(10) }')
})

t.test('arguments that are not understood are refused with what they take', async (t) => {
  for (const [args, said] of [
    [['Some Name', '--sql', 'SELECT 1'], /"Some Name" is no name of a collector/],
    [['x', '--sql', 'SELECT 1', '--label', 'a=open(0)'], /--label is "a=open\(0\)": it takes /],
    [['x', '--sql', 'SELECT 1', '--metric', 'a=b:c'], /--metric is "a=b:c": it takes /],
    [['x', '--sql', 'SELECT 1', '--settle', '5 minutes'], /--settle "5 minutes" is not a duration/],
    [['x'], /Give the query/],
  ] as const) {
    const { code, stderr } = await run(args)
    t.equal(code, 2)
    t.match(stderr, said)
  }
})
