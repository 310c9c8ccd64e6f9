import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { shippedFiles } from '../../demo/prometheus.ts'
import { type Alertmanager, startAlertmanager } from '../alertmanager.ts'
import { type PrometheusClient, watchWithPrometheus } from '../prometheus.ts'
import { ROOT } from '../root.ts'
import { compressed } from './compression.ts'

/** A Prometheus and an Alertmanager with the shipped files, in which time passes faster. */
export interface OnCall {
  readonly prometheus: PrometheusClient
  readonly alertmanager: Alertmanager
}

/**
 * Starts them for these targets, with time that passes `factor` times as fast. `adapt` changes the configuration of Prometheus,
 * which also gets `args`. Resolves when each target was scraped.
 */
export async function startOnCall(
  t: Test,
  targets: readonly string[],
  factor: number,
  adapt = (config: string) => config,
  args: readonly string[] = [],
): Promise<OnCall> {
  const shipped = readFileSync(join(ROOT, 'deploy/alertmanager/alertmanager.yml'), 'utf8')
  const [config = ''] = Object.values(compressed({ alertmanager: shipped }, factor))
  const alertmanager = await startAlertmanager(t, config)
  const files = await shippedFiles(targets.join(`', '`))
  const alerting = `\nalerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager.host}'] }] }] }\n`
  const prometheus = await watchWithPrometheus(
    t,
    compressed({ ...files, 'prometheus.yml': adapt(files['prometheus.yml'] ?? '') + alerting }, factor),
    args,
  )
  await prometheus.until(async () => (await prometheus.value('sum(up)')) === targets.length)
  return { prometheus, alertmanager }
}
