import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePort } from '../demo/port.ts'
import { leash } from './leash.ts'
import { poll } from './poll.ts'

export const ALERTMANAGER = 'prometheus-alertmanager'

/** An alert in a notification. */
export interface Notified {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  /** The name of the receiver. */
  readonly receiver: string
  /** When the notification came, in milliseconds of the monotonic clock. */
  readonly at: number
}

/** An Alertmanager with this configuration, whose receivers are the test. */
export interface Alertmanager {
  readonly host: string
  /** Each alert of each notification so far, but for what was resolved before: a group lists that for a while. */
  readonly notified: readonly Notified[]
}

/**
 * Starts an Alertmanager with a configuration. Every URL of a webhook in it becomes one of the test's own.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export async function startAlertmanager(t: Test, config: string): Promise<Alertmanager> {
  const notified: Notified[] = []
  const firing = new Set<string>()
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { receiver, alerts } = JSON.parse(String(Buffer.concat(chunks)))
      const at = performance.now()
      for (const { status, labels } of alerts) {
        const alert = JSON.stringify([receiver, labels])
        // Prometheus goes on to send it for 15 minutes, which no configuration makes shorter.
        if (status === 'resolved' && !firing.delete(alert)) continue
        if (status === 'firing') firing.add(alert)
        notified.push({ status, labels, receiver, at })
      }
      response.end()
    })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  t.teardown(() => receiver.close())
  const { port } = receiver.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 'metrics-service-alertmanager-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(
    join(folder, 'alertmanager.yml'),
    config.replace(/https:\/\/[\w.-]+\.example/g, `http://127.0.0.1:${port}`),
  )
  const host = `127.0.0.1:${await freePort()}`
  const child = leash(
    spawn(
      ALERTMANAGER,
      [
        `--config.file=${join(folder, 'alertmanager.yml')}`,
        `--storage.path=${join(folder, 'data')}`,
        `--web.listen-address=${host}`,
        '--cluster.listen-address=',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    ),
  )
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk))
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let gone = false
  ended.then(() => (gone = true))
  await poll(
    async () => {
      if (gone) throw new Error(`Alertmanager ended:\n${log}`)
      return (await fetch(`http://${host}/-/ready`).catch(() => undefined))?.ok
    },
    (ready) => ready === true,
  )
  return { host, notified }
}
