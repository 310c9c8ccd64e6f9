import t from 'tap'
import { describeError, type Finding, findingOf, Mistake, renderFinding } from '../../src/finding.ts'

/** An error with fields that PostgreSQL's or Node's have. */
function errorWith(fields: object, message = 'it fails'): Error {
  return Object.assign(new Error(message), fields)
}

const errors: [what: string, error: unknown, finding: Finding][] = [
  ['an error', new Error('it fails'), { problem: 'it fails' }],
  ['a mistake', new Mistake('it is wrong', 'write: 1'), { problem: 'it is wrong', advice: 'write: 1' }],
  ['a mistake without advice', new Mistake('it is wrong'), { problem: 'it is wrong' }],
  ['an error with a hint', errorWith({ hint: 'Cast it.' }), { problem: 'it fails', advice: 'Cast it.' }],
  ['an error with a detail', errorWith({ detail: 'The row.' }), { problem: 'it fails — The row.' }],
  [
    'an error with both',
    errorWith({ detail: 'The row.', hint: 'Cast it.' }),
    { problem: 'it fails — The row.', advice: 'Cast it.' },
  ],
  ['an error with an empty hint', errorWith({ hint: '' }), { problem: 'it fails' }],
  ['an error without a message', errorWith({ code: 'ECONNREFUSED' }, ''), { problem: 'ECONNREFUSED' }],
  ['an error without message and code', new RangeError(), { problem: 'RangeError' }],
  [
    'several errors without a message of their own',
    new AggregateError([errorWith({ code: 'ENETUNREACH' }, ''), new Error('it fails')]),
    { problem: 'ENETUNREACH' },
  ],
  [
    'a table that is not found',
    errorWith({ code: '42P01' }, 'relation "things" does not exist'),
    {
      problem: 'relation "things" does not exist',
      advice:
        'if it is in a schema other than public, write the schema before its name, or ?search_path=SCHEMA in DATABASE_URL',
    },
  ],
  [
    'a table that is not found in its schema',
    errorWith({ code: '42P01' }, 'relation "app.things" does not exist'),
    { problem: 'relation "app.things" does not exist' },
  ],
  ['a text that was thrown', 'it fails', { problem: 'it fails' }],
]
for (const [what, error, { problem, advice }] of errors) {
  t.test(`the finding of ${what} has its problem and its advice`, async (t) => {
    const found = findingOf(error)
    t.equal(found.problem, problem)
    t.equal(found.advice, advice)
  })
}

t.test('a dash in the text of an error separates nothing', async (t) => {
  const error = new Error('invalid input syntax for type integer: "north — south"')
  t.match(findingOf(error), { problem: error.message, advice: undefined })
})

t.test('a finding is printed in one line, its advice after its problem', async (t) => {
  t.equal(renderFinding({ problem: 'it\n  fails', advice: 'write:\n1' }), 'it fails — write: 1')
  t.equal(renderFinding({ problem: 'it fails' }), 'it fails')
})

t.test('an error is described in one line', async (t) => {
  t.equal(
    describeError(errorWith({ detail: 'The\nrow.', hint: 'Cast it.' })),
    'it fails — The row. — Cast it.',
  )
})
