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
  /** The names of those of which it has not told that they are resolved. */
  readonly firing: readonly string[]
  /** Halts it, or has it go on: connections stay open, and nothing answers. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Kills it, for as long as it is not started again. It forgets what it told, and never says that it is over. */
  kill(): Promise<void>
  start(): Promise<void>
}

/**
 * Starts an Alertmanager with a configuration. Every URL of a webhook in it becomes one of the test's own.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export async function startAlertmanager(t: Test, config: string): Promise<Alertmanager> {
  const notified: Notified[] = []
  const firing = new Map<string, string>()
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
        if (status === 'firing') firing.set(alert, labels.alertname)
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
  let log = ''
  let current = run()

  function run() {
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
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk))
    const running = { child, closed: once(child, 'close'), gone: false }
    running.closed.then(() => (running.gone = true))
    return running
  }

  async function kill(): Promise<void> {
    current.child.kill('SIGKILL')
    await current.closed
    firing.clear()
  }

  async function ready(): Promise<void> {
    await poll(
      async () => {
        if (current.gone) throw new Error(`Alertmanager ended:\n${log}`)
        return (await fetch(`http://${host}/-/ready`).catch(() => undefined))?.ok
      },
      (ready) => ready === true,
    )
  }

  t.teardown(kill)
  await ready()
  return {
    host,
    notified,
    get firing() {
      return [...firing.values()]
    },
    signal: (signal) => current.child.kill(signal),
    kill,
    start() {
      current = run()
      return ready()
    },
  }
}
