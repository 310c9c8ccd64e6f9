import * as unit from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../board.ts'
import { bars, graph } from '../panel.ts'
import { job, one, provided, rate } from './expression.ts'

/** The time that this share of operations does not exceed. */
const quantile = (share: number) =>
  `histogram_quantile(${share}, sum by (le) (${rate(`business_operation_duration_seconds_bucket{${job}}`)}))`

export const operations: Row = {
  title: 'Operations',
  panels: [
    graph({
      title: 'Finished operations',
      description: 'Operations a second that finished, by how they ended.',
      unit: unit.OpsPerSecond,
      queries: {
        '{{status}}': `sum by (status) (${rate(`business_operations_completed_total{${provided}}`)})`,
      },
      width: 8,
      stack: true,
      lines: { success: 'green', failure: 'red' },
    }),
    graph({
      title: 'Failures by provider',
      description:
        'The share that failed among the operations of the last 15 minutes: the ten worst providers.',
      unit: unit.PercentUnit,
      queries: {
        '{{provider}}': `topk(10, job_provider:business_operations_failures_per_completed:ratio_rate15m{${provided}})`,
      },
      width: 8,
      max: 1,
    }),
    graph({
      title: 'Duration',
      description:
        'From creation to finish, of operations of all providers. Above an hour there is no telling how much longer.',
      unit: unit.Seconds,
      queries: { median: quantile(0.5), '95 %': quantile(0.95), '99 %': quantile(0.99) },
      width: 8,
    }),
    graph({
      title: 'Started operations',
      description: 'Operations a second that were created, by what they do.',
      unit: unit.OpsPerSecond,
      queries: {
        '{{action_type}}': `sum by (action_type) (${rate(`business_operations_created_total{${job}}`)})`,
      },
      width: 8,
      stack: true,
    }),
    graph({
      title: 'In progress',
      description: 'The backlog. One that only grows means that operations start and do not finish.',
      unit: unit.Short,
      queries: {
        '{{action_type}}': `sum by (action_type) (${one(`business_operations_in_progress{${job}}`)})`,
      },
      width: 8,
      stack: true,
    }),
    graph({
      title: 'Oldest in progress',
      description: 'How long ago the oldest operation that has not finished was created.',
      unit: unit.Seconds,
      queries: {
        '{{action_type}}': `time() - min by (action_type) (business_operations_oldest_in_progress_timestamp_seconds{${job}})`,
      },
      width: 8,
    }),
    graph({
      title: 'Retried operations',
      description: 'Operations a second that finished after at least one retry, by what they do.',
      unit: unit.OpsPerSecond,
      queries: {
        '{{action_type}}': `sum by (action_type) (${rate(`business_operations_retried_total{${job}}`)})`,
      },
      width: 8,
    }),
    graph({
      title: 'Records by provider',
      description: 'Records a second that finished operations had processed: the ten busiest providers.',
      unit: unit.CountsPerSecond,
      queries: {
        '{{provider}}': `topk(10, sum by (provider) (${rate(`business_records_processed_total{${provided}}`)}))`,
      },
      width: 8,
      stack: true,
    }),
    bars({
      title: 'Operations of the last 24 hours',
      description:
        'By their status now; asked again every 5 minutes, so that rows which came late are in it.',
      unit: unit.Short,
      queries: {
        '{{action_type}} {{status}}': `sort_desc(sum by (action_type, status) (${one(`business_operations_recent{${job}, window="24h"}`)}) > 0)`,
      },
      width: 8,
    }),
  ],
}
