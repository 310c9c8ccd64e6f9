import * as unit from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../board.ts'
import { graph } from '../panel.ts'
import { of, on } from './expression.ts'
import { collectorTable } from './table.ts'

export const collectors: Row = {
  title: 'Collectors',
  panels: [
    collectorTable(of),
    graph({
      title: 'Age of the last success',
      description: 'A line that climbs is a collector that fails, or is not run. Saw-teeth are intervals.',
      unit: unit.Seconds,
      queries: {
        '{{collector}} {{database}}': `time() - min by (database, collector) (max by (job, database, collector) (collector_last_success_timestamp_seconds{${of}}))`,
        'interval of {{collector}}': `max by (collector) (collector_interval_seconds{${on}})`,
      },
      width: 12,
    }),
    graph({
      title: 'Counters behind',
      description:
        'How much more a collector with a window could have counted for good, of what its database has seen.',
      unit: unit.Seconds,
      queries: {
        '{{collector}} {{database}}': `max by (database, collector) (collector_counters_behind_seconds{${of}})`,
      },
      width: 12,
    }),
    graph({
      title: 'Age of what is counted for good',
      description:
        'How long ago what a collector with a window has counted for good ends. Rows that are younger than its settle may change.',
      unit: unit.Seconds,
      queries: {
        '{{collector}} {{database}}': `time() - max by (database, collector) (collector_counted_to_timestamp_seconds{${of}})`,
        'settle of {{collector}}': `max by (collector) (collector_settle_seconds{${on}})`,
      },
      width: 12,
    }),
    graph({
      title: 'Duration',
      description: 'How long the last run of a collector took, on the slowest instance.',
      unit: unit.Seconds,
      queries: {
        '{{collector}} {{database}}': `max by (database, collector) (collector_duration_seconds{${of}})`,
      },
      width: 12,
    }),
    graph({
      title: 'Share of the timeout',
      description:
        'How much of the time that it may take the last run of a collector took, on the slowest instance.',
      unit: unit.PercentUnit,
      queries: {
        '{{collector}} {{database}}': `max by (database, collector) (collector_duration_seconds{${of}} / ignoring (database) group_left () collector_timeout_seconds{${on}})`,
      },
      width: 12,
    }),
    graph({
      title: 'Errors',
      description: 'Runs a minute that failed. A run fails alone: others are not touched.',
      unit: unit.OpsPerMinute,
      queries: {
        '{{collector}} {{database}}': `60 * sum by (database, collector) (rate(collection_errors_total{${of}}[$__rate_interval]))`,
      },
      width: 12,
    }),
    graph({
      title: 'Series',
      description: 'On the page, by collector. Past COLLECTOR_MAX_SERIES the smallest fold into "other".',
      unit: unit.Short,
      queries: { '{{collector}} {{database}}': `max by (database, collector) (collector_series{${of}})` },
      width: 12,
      stack: true,
    }),
    graph({
      title: 'Share of the limit of series',
      description: 'How many of the series that COLLECTOR_MAX_SERIES allows a collector shows.',
      unit: unit.PercentUnit,
      queries: {
        '{{collector}} {{database}}': `max by (database, collector) (collector_series{${of}} / ignoring (database) group_left () collector_series_limit{${on}})`,
      },
      width: 12,
    }),
    graph({
      title: 'Rejected rows',
      description: 'Rows a minute that are no samples: the values of their collector are too low.',
      unit: unit.CountsPerMinute,
      queries: {
        '{{collector}} {{database}}: {{reason}}': `60 * sum by (database, collector, reason) (rate(collector_rejected_rows_total{${of}}[$__rate_interval]))`,
      },
      width: 12,
    }),
    graph({
      title: 'Folded series',
      description: 'Series a minute that were summed into "other" for want of room; sums are right.',
      unit: unit.CountsPerMinute,
      queries: {
        '{{collector}} {{database}}': `60 * sum by (database, collector) (rate(collector_folded_series_total{${of}}[$__rate_interval]))`,
      },
      width: 12,
    }),
  ],
}
