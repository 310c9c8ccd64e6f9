import * as unit from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../board.ts'
import { numbers } from '../panel.ts'
import { of, on } from './expression.ts'

export const glance: Row = {
  title: 'At a glance',
  panels: [
    numbers({
      title: 'Instances that answer',
      description: 'The share of the targets of the job that Prometheus scraped last time.',
      unit: unit.PercentUnit,
      queries: { '{{job}}': `avg by (job) (up{${on}})` },
      width: 4,
      decimals: 0,
      colours: ['red', [0.01, 'orange'], [1, 'green']],
    }),
    numbers({
      title: 'Collectors that fail',
      description: 'Collectors whose last run failed, of any database, on any instance.',
      unit: unit.Short,
      queries: {
        collectors: `count(min by (job, database, collector) (collector_success{${of}}) == 0) or vector(0)`,
      },
      width: 4,
      colours: ['green', [1, 'red']],
    }),
    numbers({
      title: 'Oldest values',
      description: 'How long ago the collector that waits longest for a success last had one.',
      unit: unit.Seconds,
      queries: {
        age: `time() - min(max by (job, database, collector) (collector_last_success_timestamp_seconds{${of}}))`,
      },
      width: 4,
      decimals: 0,
      colours: ['green', [600, 'orange'], [900, 'red']],
    }),
    numbers({
      title: 'Endpoints of databases up',
      description:
        'The share of endpoints that answered when they were last asked, of the database that has the fewest.',
      unit: unit.PercentUnit,
      queries: { endpoints: `min(avg by (job, database) (database_up{${of}}))` },
      width: 4,
      decimals: 0,
      colours: ['red', [0.01, 'orange'], [1, 'green']],
    }),
    numbers({
      title: 'Ticks skipped in an hour',
      description: 'Ticks that came while the round before was still running.',
      unit: unit.Short,
      queries: { ticks: `sum(increase(collection_skipped_ticks_total{${of}}[1h]))` },
      width: 4,
      decimals: 0,
      colours: ['green', [1, 'orange'], [10, 'red']],
    }),
    numbers({
      title: 'Version',
      description: 'Versions of the service that instances run, and of Node.js.',
      unit: unit.Short,
      queries: {
        '{{version}} on Node.js {{node_version}}': `count by (version, node_version) (metrics_service_build_info{${on}})`,
      },
      width: 4,
      named: true,
    }),
  ],
}
