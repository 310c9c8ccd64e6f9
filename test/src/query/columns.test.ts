import t from 'tap'
import { defineCollector, gauge, histogram, open, timestamp } from '../../../src/collector.ts'
import { describeError } from '../../../src/finding.ts'
import { placeColumns } from '../../../src/query/columns.ts'

const { collector } = defineCollector({
  name: 'things',
  labels: { provider: open(9), status: ['up', 'down'] },
  metrics: {
    things: gauge('Things.'),
    thing_seconds: histogram('Seconds.', [1]),
    last_timestamp_seconds: timestamp('The last one.'),
  },
  query: (sql) => sql`SELECT 1`,
})
const right = ['provider', 'status', 'things', 'thing_seconds', 'last_timestamp_seconds']

/** What is said of a query that returns these columns. */
function problemWith(columns: readonly string[]): string {
  try {
    placeColumns(collector, columns)
  } catch (error) {
    return describeError(error)
  }
  return ''
}

t.test('columns are found in any order', async (t) => {
  t.same(placeColumns(collector, right.toReversed()), [4, 3, 2, 1, 0])
})

const lessons: [what: string, columns: string[], says: string, instead: string][] = [
  [
    'a typo in a label',
    right.with(0, 'provder'),
    'the query returns no column "provider"; the query returns a column "provder", which is neither a label nor a metric: did you mean "provider"?',
    '… AS provider',
  ],
  [
    'an expression without a name',
    right.with(2, 'count'),
    'the query returns no column "things"; the query returns a column "count", which is neither a label nor a metric: did you mean "things"?',
    '… AS things',
  ],
  [
    'a label that no column feeds',
    right.toSpliced(1, 1),
    'the query returns no column "status"',
    'SELECT status, … GROUP BY status',
  ],
  [
    'a gauge that no column feeds',
    right.toSpliced(2, 1),
    'the query returns no column "things"',
    'count(*) AS things',
  ],
  [
    'a histogram that no column feeds',
    right.toSpliced(3, 1),
    'the query returns no column "thing_seconds"',
    `\${observe('thing_seconds', sql\`…\`)}`,
  ],
  [
    'a timestamp that no column feeds',
    right.toSpliced(4, 1),
    'the query returns no column "last_timestamp_seconds"',
    'extract(epoch FROM …) AS last_timestamp_seconds',
  ],
  [
    'a column that no label takes',
    [...right, 'region'],
    'the query returns a column "region", which is neither a label nor a metric',
    'labels: { region: open(100) }, or leave that column out',
  ],
  [
    'a column that is there twice',
    [...right, 'status'],
    'the query returns two columns "status"',
    'one of them only: … AS status',
  ],
]
for (const [what, columns, says, instead] of lessons) {
  t.test(`${what} is told with what to write instead`, async (t) => {
    t.equal(problemWith(columns), `${says} — write: ${instead}`)
  })
}

t.test('each of two typos is told apart from the other', async (t) => {
  const problem = problemWith(right.with(0, 'provder').with(1, 'statsu'))
  t.match(problem, /"provder", which is [^;]* did you mean "provider"\?/)
  t.match(problem, /"statsu", which is [^;]* did you mean "status"\?/)
})
