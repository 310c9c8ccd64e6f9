import t from 'tap'
import { openShop } from './run.ts'

const { run } = await openShop(t)

for (const [what, query, said] of [
  [
    'a syntax error',
    'SELECT channel,\n  cont(*)\n FROM orders',
    /function cont\(\) does not exist[\s\S]*\n {2}line 2: {3}cont\(\*\)\n {12}\^\n/,
  ],
  [
    'another',
    'SELECT channel count(*) FROM orders',
    /syntax error at or near "\("\n {2}line 1: SELECT channel count\(\*\)[\s\S]*\n {30}\^\n/,
  ],
  ['two statements', 'SELECT 1; SELECT 2', /several statements/],
  ['what is no question', 'DELETE FROM orders', /a DELETE/],
  ['what changes something', `SELECT nextval('orders_id_seq')`, /calls nextval, which changes something/],
  ['what writes', 'SELECT lo_open(1, 131072)', /read-only transaction/],
  ['nothing to measure', 'SELECT DISTINCT channel FROM orders', /nothing to measure/],
  [
    'no rows',
    'SELECT channel, count(*) FROM orders WHERE false GROUP BY channel',
    /no rows[\s\S]*--label 'channel=open\(20\)'/,
  ],
  [
    'rows of one label set',
    'SELECT channel, total FROM orders',
    /several rows with channel="app" — aggregate/,
  ],
  ['a document', 'SELECT attributes, count(*) FROM orders GROUP BY 1', /"attributes" is jsonb/],
  [
    'addresses',
    'SELECT email, count(*) FROM orders GROUP BY email',
    /"email" is no label: its values are email addresses/,
  ],
  ['ids', 'SELECT id, count(*) FROM orders GROUP BY id', /"id" is no label/],
  [
    'days',
    `SELECT date_trunc('day', placed_at) AS day, count(*) FROM orders GROUP BY 1`,
    /"day" is no label: its values are moments/,
  ],
  ['too many rows', 'SELECT a.channel, b.total FROM orders AS a, orders AS b', /more than 10000 rows/],
] as const) {
  t.test(`${what}: one sentence, and no file`, async (t) => {
    const { code, stderr, stdout, file } = await run(['wrong', '--sql', query])
    t.equal(code, 1)
    t.match(stderr, /^nothing was written:\n/)
    t.match(stderr, said)
    t.equal(stdout, '')
    t.equal(file, undefined)
  })
}
