import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { shippedFiles } from '../../demo/prometheus.ts'
import { type Notified, startAlertmanager } from '../alertmanager.ts'
import { poll } from '../poll.ts'
import { type PrometheusClient, watchWithPrometheus } from '../prometheus.ts'
import { ROOT } from '../root.ts'
import { compressed, FACTOR } from './compression.ts'

/** A Prometheus and an Alertmanager with the shipped files, in which time passes faster. */
export interface OnCall {
  readonly prometheus: PrometheusClient
  readonly notified: readonly Notified[]
  /** Resolves when this alert was told of, in this state, since a moment of the monotonic clock. */
  told(alert: string, status: Notified['status'], since: number): Promise<void>
}

/** What tells alerts apart in a notification. */
export function nameOf({ labels: { alertname, database, collector } }: Notified): string {
  return [alertname, database, collector].filter((part) => part !== undefined).join(' ')
}

/** Watches the service at this host:port. Time passes so many times as fast. */
export async function watchOnCall(t: Test, target: string, factor = FACTOR): Promise<OnCall> {
  const shipped = readFileSync(join(ROOT, 'deploy/alertmanager/alertmanager.yml'), 'utf8')
  const [config = ''] = Object.values(compressed({ alertmanager: shipped }, factor))
  const { host, notified } = await startAlertmanager(t, config)
  const files = await shippedFiles(target)
  const alerting = `\nalerting: { alertmanagers: [{ static_configs: [{ targets: ['${host}'] }] }] }\n`
  const prometheus = await watchWithPrometheus(
    t,
    compressed({ ...files, 'prometheus.yml': files['prometheus.yml'] + alerting }, factor),
  )
  // What Prometheus takes to find its first target may be the 5 minutes of MetricsServiceDown.
  await prometheus.until(async () => (await prometheus.query('ALERTS')).length === 0)
  await prometheus.until(async () => (await prometheus.value('sum(up)')) === 1)
  return {
    prometheus,
    notified,
    async told(alert, status, since) {
      await poll(
        () => notified.some((one) => one.at >= since && one.status === status && nameOf(one) === alert),
        (told) => told,
      )
    },
  }
}
