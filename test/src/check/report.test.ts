import t from 'tap'
import { type Report, renderReport } from '../../../src/check/report.ts'
import { findingOf } from '../../../src/finding.ts'

const report: Report = {
  name: 'things',
  file: 'collectors/things.ts',
  errors: [],
  warnings: [],
  seconds: 0.005,
  run: { rows: 1200, rejected: { value: 1, label: 2, duplicate: 3 }, series: 4, folded: 5 },
  cost: 7.4,
  window: null,
  sequentialScans: [],
  missingIndexes: [],
  plan: [],
  samples: [],
}

t.test('a collector without findings is one line of numbers', async (t) => {
  t.equal(
    renderReport(report, 8),
    'ok       things     1,200         6        4       5  5.00 ms           7\n',
  )
})

t.test('a run that failed has no numbers', async (t) => {
  t.equal(
    renderReport({ ...report, file: null, run: null, cost: null, errors: [{ problem: 'it fails' }] }, 6),
    'error    things       -         -        -       -  5.00 ms           -\n         error: it fails\n',
  )
})

t.test('advice is printed on a line of its own', async (t) => {
  const warnings = [{ problem: 'it is slow', advice: 'write: 1' }]
  t.match(
    renderReport({ ...report, warnings }, 6),
    '\n         in collectors/things.ts\n         warning: it is slow\n           write: 1\n',
  )
})

t.test('a dash in the text of PostgreSQL separates nothing', async (t) => {
  const message = 'invalid input syntax for type integer: "north — south"'
  t.match(
    renderReport({ ...report, errors: [findingOf(new Error(message))] }, 6),
    `\n         error: ${message}\n`,
  )
})
