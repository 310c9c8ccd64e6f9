import * as unit from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../board.ts'
import { graph } from '../panel.ts'
import { on } from './expression.ts'

export const process: Row = {
  title: 'Process and scrapes',
  panels: [
    graph({
      title: 'Processor',
      description: 'Cores in use, by instance.',
      unit: unit.Short,
      queries: {
        '{{instance}}': `sum by (instance) (rate(process_cpu_seconds_total{${on}}[$__rate_interval]))`,
      },
      width: 8,
    }),
    graph({
      title: 'Memory',
      description: 'Resident memory, and the part of it that the JavaScript heap uses.',
      unit: unit.BytesIEC,
      queries: {
        'resident, {{instance}}': `max by (instance) (process_resident_memory_bytes{${on}})`,
        'heap, {{instance}}': `max by (instance) (nodejs_heap_size_used_bytes{${on}})`,
      },
      width: 8,
    }),
    graph({
      title: 'Delay of the event loop',
      description: 'The delay that 99 of 100 turns do not exceed: what a scrape may have to wait.',
      unit: unit.Seconds,
      queries: { '{{instance}}': `max by (instance) (nodejs_eventloop_lag_p99_seconds{${on}})` },
      width: 8,
    }),
    graph({
      title: 'Requests',
      description: 'Requests a second, by path and status.',
      unit: unit.RequestsPerSecond,
      queries: {
        '{{route}} {{status_code}}': `sum by (route, status_code) (rate(http_request_duration_seconds_count{${on}}[$__rate_interval]))`,
      },
      width: 8,
    }),
    graph({
      title: 'Refused',
      description:
        'Requests and connections a second that a listener refused, and why. Nothing else tells of them.',
      unit: unit.RequestsPerSecond,
      queries: {
        '{{listener}}: {{reason}}': `sum by (listener, reason) (rate(http_refused_total{${on}}[$__rate_interval]))`,
      },
      width: 8,
    }),
    graph({
      title: 'Duration of scrapes',
      description: 'As Prometheus sees it. A scrape never waits for the database.',
      unit: unit.Seconds,
      queries: { '{{instance}}': `max by (instance) (scrape_duration_seconds{${on}})` },
      width: 8,
    }),
    graph({
      title: 'Samples of a scrape',
      description: 'How many samples Prometheus takes each time.',
      unit: unit.Short,
      queries: { '{{instance}}': `max by (instance) (scrape_samples_scraped{${on}})` },
      width: 8,
    }),
  ],
}
