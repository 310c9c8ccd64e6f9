import t from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { freePort } from '../process.ts'
import { startService } from '../service.ts'

t.test('/debug/collectors tells what each collector did last', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const port = await freePort()
  const good = defineCollector({
    name: 'good',
    metrics: { business_good: gauge('Good.') },
    interval: '48h',
    query: (sql) => sql`SELECT 1 AS business_good`,
  })
  const bad = defineCollector({
    name: 'bad',
    metrics: { business_bad: gauge('Bad.') },
    query: (sql) => sql`SELECT 1 / 0 AS business_bad`,
  })
  const before = Date.now()
  await startService(t, { DATABASE_URL: url, DEBUG_PORT: String(port) }, { collectors: [good, bad] })
  const response = await fetch(`http://127.0.0.1:${port}/debug/collectors`)
  const [first, second] = (await response.json()) as [Record<string, string>, Record<string, string>]
  t.match(first, { name: 'good', outcome: 'success', durationSeconds: Number, series: 1, lastError: null })
  t.match(second, {
    name: 'bad',
    outcome: 'failure',
    series: 1,
    lastSuccess: null,
    lastError: 'division by zero',
  })
  const day = 24 * 3600 * 1000
  // The second tick comes half a tick to a tick after the first.
  for (const [{ nextDue = '' }, days] of [
    [first, 1],
    [second, 0],
  ] as const) {
    const due = Date.parse(nextDue) - days * day
    t.ok(
      due >= before + day / 2 && due <= Date.now() + day,
      `${nextDue} is ${days} days after the second tick`,
    )
  }
})
