import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { shippedFiles } from '../../demo/prometheus.ts'
import { type Alertmanager, startAlertmanager } from '../alertmanager.ts'
import { compressed } from '../deploy/compression.ts'
import { type PrometheusClient, watchWithPrometheus } from '../prometheus.ts'
import { ROOT } from '../root.ts'

/** How many seconds of the shipped files are one of the rehearsal. */
const FACTOR = 30
/** The lines of the shipped configuration that are for replicas which share counters. */
const FOR_REPLICAS = / {4}# {3}(metric_relabel_configs:)\n {4}# {3}(.*)\n/

/** Seconds between two scrapes, and for each, so that a machine with much to do has time. */
const PACE = 2

export interface OnCall {
  readonly prometheus: PrometheusClient
  readonly alertmanager: Alertmanager
}

/** A Prometheus and an Alertmanager with the shipped files, in which time passes faster, for these targets over TLS. */
export async function startOnCall(t: Test, targets: readonly string[], authority: string): Promise<OnCall> {
  const shipped = readFileSync(join(ROOT, 'deploy/alertmanager/alertmanager.yml'), 'utf8')
  const [alerting = ''] = Object.values(compressed({ shipped }, FACTOR))
  const alertmanager = await startAlertmanager(t, alerting)
  const files = await shippedFiles(targets.join(`', '`))
  const config = files['prometheus.yml']
    ?.replace(
      FOR_REPLICAS,
      `    $1\n    $2\n    scheme: https\n    tls_config: { ca_file: '${authority}' }\n`,
    )
    .replace(/scrape_interval: .*/, `scrape_interval: ${PACE * FACTOR}s`)
  const sent = `\nalerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager.host}'] }] }] }\n`
  const prometheus = await watchWithPrometheus(
    t,
    compressed({ ...files, 'prometheus.yml': config + sent }, FACTOR),
  )
  await prometheus.until(async () => (await prometheus.value('sum(up)')) === targets.length)
  return { prometheus, alertmanager }
}
