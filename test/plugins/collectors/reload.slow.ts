import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../../../demo/port.ts'
import { createDatabase } from '../../database.ts'
import { samplesOf } from '../../exposition.ts'
import { poll } from '../../poll.ts'
import { spawnService } from '../../process.ts'
import { ROOT } from '../../root.ts'

const RELOADS = 50
/** Bytes that the second half of them may add: a thread that stayed would take as much each time. */
const GROWTH = 25_000_000

const counting = (version: number) => `
import { counter, defineCollector, open } from 'metrics-service'
export default defineCollector({
  name: 'events',
  labels: { kind: open(10) },
  metrics: { business_events_total: counter('Events, by version ${version}.') },
  window: { settle: '1s' },
  query: (sql, { from, to }) => sql\`
    SELECT kind, count(*) AS business_events_total
      FROM events WHERE happened > \${from} AND happened <= \${to} GROUP BY kind\`,
})
`
const gauge = (name: string) => `
import { defineCollector, gauge } from 'metrics-service'
export default defineCollector({
  name: '${name}',
  metrics: { business_${name}: gauge('Things.') },
  query: (sql) => sql\`SELECT 1 AS business_${name}\`,
})
`

t.test(`${RELOADS} reloads under load lose no scrape, no event and no memory`, async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE events (kind text, happened timestamptz)`
  const folder = t.testdir({ 'events.ts': counting(0), 'stays.ts': gauge('stays') })
  const port = await freePort()
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const service = await spawnService(
    t,
    {
      DATABASE_URL: url,
      DEBUG_PORT: String(port),
      COLLECTORS_FOLDER: folder,
      METRICS_TICK_DURATION: '1s',
    },
    // As `npm start` runs it, with its settings of memory.
    { command: ['sh', '-c', scripts.start] },
  )
  await service.said('metrics on')
  const page = async () => {
    const response = await fetch(`${service.url}/metrics`)
    if (response.status !== 200) t.fail(`a scrape got ${response.status}`)
    return response.text()
  }
  const total = (text: string) =>
    [...samplesOf(text)]
      .filter(([name]) => name.startsWith('business_events_total'))
      .reduce((sum, [, value]) => sum + value, 0)
  await poll(page, (text) => /^collector_success\{collector="events"\} 1/m.test(text))

  let events = 0
  let last = 0
  let running = false
  async function insert(): Promise<void> {
    while (running) {
      await sql`INSERT INTO events VALUES (${'abc'[events % 3] ?? ''}, clock_timestamp())`
      events++
    }
  }
  async function scrape(): Promise<void> {
    while (running) {
      const now = total(await page())
      if (now < last) t.fail(`the counter went from ${last} to ${now}`)
      last = now
    }
  }
  /** Reloads under load, and resolves to the bytes that the service takes after that. */
  async function reload(from: number, to: number): Promise<number> {
    running = true
    const load = Promise.all([insert(), scrape()])
    for (let i = from; i <= to; i++) {
      writeFileSync(join(folder, 'events.ts'), i % 5 === 0 ? 'export default' : counting(i))
      if (i % 2 === 1) writeFileSync(join(folder, 'comes.ts'), gauge('comes'))
      else rmSync(join(folder, 'comes.ts'))
      const response = await fetch(`http://127.0.0.1:${port}/debug/reload`, { method: 'POST' })
      t.equal(response.status, i % 5 === 0 ? 422 : 200, `reload ${i}`)
    }
    running = false
    await load
    return samplesOf(await page()).get('process_resident_memory_bytes') ?? Number.NaN
  }
  const before = await reload(1, RELOADS / 2)
  const after = await reload(RELOADS / 2 + 1, RELOADS)
  t.comment(`${events} events, ${before} and ${after} bytes`)
  t.ok(after - before < GROWTH, `memory grew by ${after - before} bytes`)
  const end = await poll(page, (text) => total(text) >= events)
  t.equal(total(end), events)
})
