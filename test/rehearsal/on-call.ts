import type { Test } from 'tap'
import { type OnCall, startOnCall } from '../deploy/on-call.ts'

/** How many seconds of the shipped files are one of the rehearsal. */
const FACTOR = 30
/** The lines of the shipped configuration that are for replicas which share counters. */
const FOR_REPLICAS = / {4}# {3}(metric_relabel_configs:)\n {4}# {3}(.*)\n/

/** Seconds between two scrapes, and for each, so that a machine with much to do has time. */
const PACE = 2

/** Those who watch these targets over TLS. */
export function watch(t: Test, targets: readonly string[], authority: string): Promise<OnCall> {
  const adapt = (config: string) =>
    config
      .replace(
        FOR_REPLICAS,
        `    $1\n    $2\n    scheme: https\n    tls_config: { ca_file: '${authority}' }\n`,
      )
      .replace(/scrape_interval: .*/, `scrape_interval: ${PACE * FACTOR}s`)
  // Four of these after a Prometheus that was killed has told of an alert, Alertmanager takes it for resolved.
  return startOnCall(t, targets, FACTOR, adapt, [`--rules.alert.resend-delay=${60 / FACTOR}s`])
}
