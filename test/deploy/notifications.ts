import type { Test } from 'tap'
import type { Notified } from '../alertmanager.ts'
import { poll } from '../poll.ts'
import type { PrometheusClient } from '../prometheus.ts'
import { FACTOR } from './compression.ts'
import { startOnCall } from './on-call.ts'

/** Who watches a service, and what is told. */
export interface Watch {
  readonly prometheus: PrometheusClient
  readonly notified: readonly Notified[]
  /** Resolves when this alert was told of, in this state, since a moment of the monotonic clock. */
  told(alert: string, status: Notified['status'], since: number): Promise<void>
}

/** What Prometheus answers of its rules. https://prometheus.io/docs/prometheus/latest/querying/api/#rules */
interface Rules {
  readonly groups: readonly { lastEvaluation: string; rules: readonly { state: string }[] }[]
}

/** What tells alerts apart in a notification. */
export function nameOf({ labels: { alertname, database, collector } }: Notified): string {
  return [alertname, database, collector].filter((part) => part !== undefined).join(' ')
}

/** Whether each alert that fired was resolved. */
function isOver(notified: readonly Notified[]): boolean {
  const resolved = new Set(notified.filter(({ status }) => status === 'resolved').map(nameOf))
  return notified.every((one) => resolved.has(nameOf(one)))
}

/** Watches the service at this host:port. Time passes so many times as fast. */
export async function watchOnCall(t: Test, target: string, factor = FACTOR): Promise<Watch> {
  const { prometheus, alertmanager } = await startOnCall(t, [target], factor)
  const { notified } = alertmanager
  // What Prometheus took to find its target may have been the 5 minutes of MetricsServiceDown: not before the rules have
  // seen the target, and what they told of is withdrawn, does anything begin.
  const seen = Date.now()
  await prometheus.until(async () => {
    const { groups } = await prometheus.get<Rules>('rules', { type: 'alert' })
    const calm = groups.every(
      ({ lastEvaluation, rules }) =>
        Date.parse(lastEvaluation) > seen && rules.every(({ state }) => state === 'inactive'),
    )
    return calm && isOver(notified)
  })
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
