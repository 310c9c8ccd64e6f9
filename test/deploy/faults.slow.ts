import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { freePort } from '../../demo/port.ts'
import { ALERTMANAGER } from '../alertmanager.ts'
import { createDatabase } from '../database.ts'
import { Gate, urlOf } from '../gate.ts'
import { type ServiceProcess, spawnService } from '../process.ts'
import { lacks } from '../program.ts'
import { ROOT } from '../root.ts'
import { COLLECTORS, FAULTS, type Scene, TABLES } from './faults.ts'
import { nameOf, watchOnCall } from './notifications.ts'

/** How many times as fast the time of the rules passes: not faster than a service can be restarted within minutes. */
const FACTOR = 20
/** Milliseconds of a minute of the rules, and of those in which an alert would have fired that waits the longest of these. */
const MINUTE = 60_000 / FACTOR
const SILENCE = 22 * MINUTE
const DOCUMENT = join(ROOT, 'docs/operations.md')

t.setTimeout(3_600_000)
const skip = lacks(ALERTMANAGER, 'prometheus-alertmanager') || lacks('prometheus', 'prometheus')

t.test('each fault sends out the notifications that the documents say, and no other', { skip }, async (t) => {
  const folder = t.testdir({ collectors: COLLECTORS, state: {} })
  const behindGate = async () => {
    const { url, sql } = await createDatabase(t, { schema: false })
    await sql.unsafe(TABLES)
    const gate = await Gate.start(t, url)
    return { sql, gate, url: urlOf(url, [gate]) }
  }
  const [eu, us] = [await behindGate(), await behindGate()]
  const port = await freePort()
  const start = async () => {
    const service = await spawnService(t, {
      DATABASE_URL: `eu=${eu.url} us=${us.url}`,
      METRICS_TICK_DURATION: '2s',
      COLLECTOR_TIMEOUT: '1800ms',
      COLLECTOR_CONCURRENCY: '1',
      COLLECTORS_FOLDER: join(folder, 'collectors'),
      STATE_FILE: join(folder, 'state/state.json'),
      PORT: String(port),
    })
    await service.said('metrics on')
    return service
  }
  let service: ServiceProcess = await start()
  await service.said('database quorum reached', 2)
  const { notified, told, prometheus } = await watchOnCall(t, `127.0.0.1:${port}`, FACTOR)
  const quiet = () => prometheus.until(async () => (await prometheus.query('ALERTS')).length === 0)

  const rows: string[] = []
  for (const { title, alerts, inject, heal } of FAULTS) {
    await t.test(title, async (t) => {
      await quiet()
      const since = performance.now()
      const scene: Scene = {
        ...{ eu, us, collectors: join(folder, 'collectors'), state: join(folder, 'state') },
        minute: MINUTE,
        async restart() {
          service.child.kill('SIGTERM')
          await service.exit
          service = await start()
        },
        signal: (signal) => void service.child.kill(signal),
        told: (alert) => told(alert, 'firing', since),
      }
      await inject(scene)
      for (const alert of alerts) await told(alert, 'firing', since)
      const healed = performance.now()
      t.same(
        notified.filter(({ at, status }) => at >= since && status === 'resolved').map(nameOf),
        [],
        'nothing is resolved that is not healed',
      )
      await heal(scene)
      for (const alert of alerts) await told(alert, 'resolved', since)
      if (alerts.length === 0) await delay(SILENCE)
      const sent = notified.filter(({ at }) => at >= since)
      t.same([...new Set(sent.map(nameOf))].sort(), alerts.toSorted(), 'and of nothing else is told')
      const cells = alerts.map((alert) => {
        const of = sent.filter((one) => nameOf(one) === alert)
        const minutes = (status: string, from: number) =>
          Math.round(((of.find((one) => one.status === status)?.at ?? Number.NaN) - from) / MINUTE)
        return `\`${alert}\` to ${of[0]?.receiver} after ${minutes('firing', since)}, resolved ${minutes('resolved', healed)} after`
      })
      rows.push(`| ${title} | ${cells.join('<br>') || 'none'} |`)
      t.comment(rows.at(-1))
    })
  }
  const table = ['| fault | notifications, in minutes |', '|---|---|', ...rows].join('\n')
  // tap run --snapshot test/deploy/faults.slow.ts
  if (process.env.TAP_SNAPSHOT === '1') {
    const [before, rest] = readFileSync(DOCUMENT, 'utf8').split('<!-- made by a test -->')
    const [, after] = rest?.split('<!-- to here -->') ?? []
    if (after === undefined) throw new Error(`${DOCUMENT} has no place for the table`)
    writeFileSync(DOCUMENT, `${before}<!-- made by a test -->\n\n${table}\n\n<!-- to here -->${after}`)
  }
})
