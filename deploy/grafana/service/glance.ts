import * as unit from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../board.ts'
import { numbers } from '../panel.ts'
import { on } from './expression.ts'

export const glance: Row = {
  title: 'At a glance',
  panels: [
    numbers({
      title: 'Instances that answer',
      description: 'Targets of the job that Prometheus scraped last time.',
      unit: unit.Short,
      queries: { '{{job}}': `sum by (job) (up{${on}})` },
      width: 4,
      colours: ['red', [1, 'green']],
    }),
    numbers({
      title: 'Collectors that fail',
      description: 'Collectors whose last run failed, on any instance.',
      unit: unit.Short,
      queries: { collectors: `count(collector_success{${on}} == 0) or vector(0)` },
      width: 4,
      colours: ['green', [1, 'red']],
    }),
    numbers({
      title: 'Oldest values',
      description: 'How long ago the collector that waits longest for a success last had one.',
      unit: unit.Seconds,
      queries: { age: `time() - min(collector_last_success_timestamp_seconds{${on}})` },
      width: 4,
      decimals: 0,
      colours: ['green', [600, 'orange'], [900, 'red']],
    }),
    numbers({
      title: 'Endpoints of the database up',
      description: 'The share of endpoints that answered when they were last asked.',
      unit: unit.PercentUnit,
      queries: { endpoints: `avg(database_up{${on}})` },
      width: 4,
      decimals: 0,
      colours: ['red', [0.01, 'orange'], [1, 'green']],
    }),
    numbers({
      title: 'Ticks skipped in an hour',
      description: 'Ticks that came while the round before was still running.',
      unit: unit.Short,
      queries: { ticks: `sum(increase(collection_skipped_ticks_total{${on}}[1h]))` },
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
