import t from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { describeError } from '../../src/finding.ts'
import { readNumber } from '../../src/rows/field.ts'
import { badValue } from '../../src/rows/rejection.ts'
import { parseDuration } from '../../src/time/duration.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

// Somebody who writes values into the tables: a text must not cost more than its length.

const LENGTH = 300_000
const { collector } = defineCollector({
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql`SELECT 1`,
})
const [metric] = collector.metrics

/** Each takes minutes where an expression goes back over what it has read. */
const attacks: Record<string, () => unknown> = {
  'an error with blanks': () => describeError(new Error(`x${' '.repeat(LENGTH)}`)),
  'an error with lines': () => describeError(new Error(`x${'\n '.repeat(LENGTH)}x`)),
  'digits and a letter': () => readNumber(`${'1'.repeat(LENGTH)}x`),
  'digits of a number that is short enough': () => readNumber(`${'1'.repeat(16_000)}x`),
  'an exponent': () => readNumber(`1e${'9'.repeat(LENGTH)}x`),
  'spans of time': () => metric && badValue(metric, `${'1 day '.repeat(LENGTH / 6)}x`),
  'a duration': () => {
    try {
      return parseDuration(`${'1'.repeat(LENGTH)}!`)
    } catch {
      return undefined
    }
  },
}

for (const [name, attack] of Object.entries(attacks)) {
  t.test(`${name} cost the process no more than their length`, async (t) => {
    const before = process.cpuUsage()
    attack()
    const { user } = process.cpuUsage(before)
    t.ok(user < 50_000, `${user} microseconds of the processor`)
  })
}

t.test('a number is what PostgreSQL can write, and no longer', async (t) => {
  t.equal(readNumber(`0.${'0'.repeat(300)}1`), 1e-301)
  t.equal(readNumber(`1.${'0'.repeat(16_000)}1`), 1)
  t.equal(readNumber('1'.repeat(400)), undefined)
  t.equal(readNumber('1.'), 1)
  t.equal(readNumber('.5'), 0.5)
})

t.test('the value in an error of the server is cut when it arrives', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE operations AS SELECT repeat(' ', 60000) || repeat('x', 2000000) AS attempts`
  const attempts = defineCollector({
    name: 'attempts',
    metrics: { business_attempts: gauge('Attempts.') },
    query: (sql) => sql`SELECT sum(attempts::int) AS business_attempts FROM operations`,
  })
  const { app, database, log } = await startService(t, { DATABASE_URL: url }, { collectors: [attempts] })
  const error = database.collectors.list[0]?.error
  t.match(error?.message, /^invalid input syntax for type integer/)
  t.ok(Number(error?.message.length) < 1100, `${error?.message.length} characters are kept`)
  const { length } = JSON.stringify(app.readiness())
  t.ok(length < 2000, `/readyz has ${length} characters`)
  t.ok(JSON.stringify(log).length < 5000, 'and so the log')
})
