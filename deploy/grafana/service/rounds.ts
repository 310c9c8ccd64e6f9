import * as unit from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../board.ts'
import { graph } from '../panel.ts'
import { of, on } from './expression.ts'

export const rounds: Row = {
  title: 'Rounds and the database',
  panels: [
    graph({
      title: 'Duration of rounds',
      description:
        'The time that 95 of 100 rounds do not exceed. It has to stay below METRICS_TICK_DURATION.',
      unit: unit.Seconds,
      queries: {
        '{{result}}': `histogram_quantile(0.95, sum by (le, result) (rate(collection_duration_seconds_bucket{${of}}[$__rate_interval])))`,
        tick: `min(collection_tick_seconds{${on}})`,
      },
      width: 8,
      lines: { success: 'green', failure: 'red' },
    }),
    graph({
      title: 'Rounds',
      description: 'Rounds a minute; a failure is one in which a collector failed.',
      unit: unit.OpsPerMinute,
      queries: {
        '{{result}}': `60 * sum by (result) (rate(collection_duration_seconds_count{${of}}[$__rate_interval]))`,
      },
      width: 8,
      stack: true,
      lines: { success: 'green', failure: 'red' },
    }),
    graph({
      title: 'Ticks skipped and states not saved',
      description:
        'How many a minute, by database. Skipped: a round takes longer than a tick. Not saved: STATE_FILE or STATE_URL is not read or written.',
      unit: unit.CountsPerMinute,
      queries: {
        'ticks skipped {{database}}': `60 * sum by (database) (rate(collection_skipped_ticks_total{${of}}[$__rate_interval]))`,
        'states not saved {{database}}': `60 * sum by (database) (rate(collection_state_errors_total{${of}}[$__rate_interval]))`,
      },
      width: 8,
    }),
    graph({
      title: 'States saved',
      description: '1 while the last read or write of STATE_FILE or STATE_URL succeeded, on each instance.',
      unit: unit.Short,
      queries: {
        '{{database}} {{instance}}': `min by (database, instance) (collection_state_success{${of}})`,
      },
      width: 12,
      max: 1,
    }),
    graph({
      title: 'Paused',
      description: '1 while the collection of an instance is paused.',
      unit: unit.Short,
      queries: { '{{instance}}': `max by (instance) (collection_paused{${on}})` },
      width: 12,
      max: 1,
    }),
    graph({
      title: 'Collectors as their files are',
      description:
        '1 while every collector runs as its file was when the folder was last read, 0 when a file is wrong.',
      unit: unit.Short,
      queries: { '{{instance}}': `min by (instance) (collectors_reload_success{${on}})` },
      width: 12,
      max: 1,
    }),
    graph({
      title: 'Collection paused',
      description: '1 while somebody has paused an instance, which then sends no query.',
      unit: unit.Short,
      queries: { '{{instance}}': `max by (instance) (collection_paused{${on}})` },
      width: 12,
      max: 1,
    }),
    graph({
      title: 'Leaders',
      description:
        'How many replicas collect each database: 1 is right. With the host and the process of the leader. Only with LEADER_ELECTION.',
      unit: unit.Short,
      queries: {
        'leaders {{database}}': `sum by (database) (collection_leader{${of}})`,
        '{{database}} {{host}}, process {{pid}}': `max by (database, host, pid) (collection_leader_info{${of}})`,
      },
      width: 12,
    }),
    graph({
      title: 'Endpoints of databases',
      description:
        '1 for an endpoint that answered when it was last asked, 0 for another, as each instance sees it.',
      unit: unit.Short,
      queries: {
        '{{database}} {{endpoint}} from {{instance}}': `min by (database, endpoint, instance) (database_up{${of}})`,
      },
      width: 12,
      max: 1,
    }),
    graph({
      title: 'Replication lag',
      description: 'How far an endpoint is behind its primary, as each instance sees it.',
      unit: unit.Seconds,
      queries: {
        '{{database}} {{endpoint}} from {{instance}}': `max by (database, endpoint, instance) (database_replication_lag_seconds{${of}})`,
      },
      width: 12,
    }),
    graph({
      title: 'Quorum',
      description: 'Votes of endpoints, and how many the start of the service waits for.',
      unit: unit.Short,
      queries: {
        'votes {{database}} on {{instance}}': `min by (database, instance) (database_quorum_votes{${of}})`,
        'required {{database}}': `max by (database) (database_quorum_required{${of}})`,
      },
      width: 12,
    }),
    graph({
      title: 'Certificates',
      description:
        'How long certificates are valid: that of the metrics listener, and those of servers that speak TLS. Below zero they are not.',
      unit: unit.Seconds,
      queries: {
        '{{owner}} {{database}} {{endpoint}}': `min by (owner, database, endpoint) (tls_certificate_expiry_timestamp_seconds{${of}} - time())`,
      },
      width: 12,
    }),
  ],
}
