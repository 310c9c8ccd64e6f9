// The service's own metrics of collectors and of databases, as a table. Imports src/ only.
import type { Database } from '../../src/database.ts'
import type { Family } from '../../src/page/family.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { REASONS } from '../../src/rows/rows.ts'

export const ERRORS: Family<CollectorStatus> = {
  name: 'collection_errors_total',
  help: 'Runs of a collector that failed.',
  type: 'counter',
  read: ({ counts }) => counts.failures,
}

export const SKIPPED: Family<Database> = {
  name: 'collection_skipped_ticks_total',
  help: 'Ticks skipped because the previous round was still running.',
  type: 'counter',
  read: ({ ticker }) => ticker.skipped,
}

export const COLLECTOR_FAMILIES: readonly Family<CollectorStatus>[] = [
  {
    name: 'collector_duration_seconds',
    help: 'Duration of the last run of a collector.',
    type: 'gauge',
    read: ({ last }) => last?.seconds,
  },
  {
    name: 'collector_success',
    help: 'Whether the last run of a collector succeeded.',
    type: 'gauge',
    read: ({ last, error }) => (error !== undefined ? 0 : last === undefined ? undefined : 1),
  },
  {
    name: 'collector_last_success_timestamp_seconds',
    help: 'Time of the last success of a collector; 0 before the first.',
    type: 'gauge',
    read: ({ lastSuccess = 0 }) => lastSuccess,
  },
  {
    name: 'collector_counted_to_timestamp_seconds',
    help: 'Time up to which a collector with a window has counted for good, by the clock of the database.',
    type: 'gauge',
    read: ({ window }) => (window === undefined ? undefined : Number(window.sealedTo) / 1e6),
  },
  {
    name: 'collector_counters_behind_seconds',
    help: 'How much more a collector with a window could have counted for good in its last run; absent where it is not known.',
    type: 'gauge',
    read({ window, last }) {
      const due = last?.asked?.due
      return window === undefined || due === undefined
        ? undefined
        : Math.max(Number(due - window.sealedTo) / 1e6, 0)
    },
  },
  {
    name: 'collector_series',
    help: 'Series of a collector on the page.',
    type: 'gauge',
    read: (status, now) => status.shown(now).series,
  },
  {
    name: 'collector_backoff_ticks',
    help: 'Ticks between two runs of a collector that keeps timing out; 0 for any other.',
    type: 'gauge',
    read: ({ backoffTicks }) => (backoffTicks > 1 ? backoffTicks : 0),
  },
  {
    name: 'collector_rejected_rows_total',
    help: 'Rows that a collector rejected: a bad value, a bad label, or the labels of another row.',
    type: 'counter',
    columns: REASONS.map((reason) => ({
      labels: { reason },
      read: ({ counts }) => counts.rejected[reason],
    })),
  },
  {
    name: 'collector_folded_series_total',
    help: 'Series that were summed into "other" because they exceeded a limit.',
    type: 'counter',
    read: ({ counts }) => counts.folded,
  },
]

export const STATE_FAMILIES: readonly Family<Database>[] = [
  {
    name: 'collection_state_errors_total',
    help: 'Failures to read or to write the counters of STATE_FILE or STATE_URL.',
    type: 'counter',
    read: ({ state }) => state.failures,
  },
  {
    name: 'collection_state_success',
    help: 'Whether the counters of STATE_FILE or STATE_URL could be read or written the last time; absent before the first.',
    type: 'gauge',
    read: ({ state: { success } }) => (success === undefined ? undefined : success ? 1 : 0),
  },
]

/** What the endpoints of a database tell. */
export const ENDPOINT_FAMILIES: readonly Family<Database>[] = [
  {
    name: 'database_up',
    help: 'Whether an endpoint answered when it was last asked.',
    type: 'gauge',
    read: ({ db }) => db.endpoints.map(({ name, up }) => [{ endpoint: name }, up ? 1 : 0] as const),
  },
  {
    name: 'database_replication_lag_seconds',
    help: 'How far an endpoint is behind its primary; 0 for a primary, absent where it is not known.',
    type: 'gauge',
    read: ({ db }) =>
      db.endpoints.flatMap(({ name, role }) =>
        typeof role?.lag === 'number' ? [[{ endpoint: name }, role.lag] as const] : [],
      ),
  },
  {
    name: 'database_quorum_votes',
    help: 'Endpoints that answered when they were last asked.',
    type: 'gauge',
    read: ({ db }) => db.votes,
  },
  {
    name: 'database_quorum_required',
    help: 'Endpoints that must answer before the service starts collecting.',
    type: 'gauge',
    read: ({ db }) => db.required,
  },
]

export const LEADER_FAMILIES: readonly Family<Database>[] = [
  {
    name: 'collection_leader',
    help: 'Whether this replica collects the database.',
    type: 'gauge',
    read: ({ leader }, now) => (leader.trustedUntil > now ? 1 : 0),
  },
  {
    name: 'collection_leader_info',
    help: 'The host and the process of the replica that collects the database, as far as this replica knows; always 1.',
    type: 'gauge',
    read: ({ leader: { leading } }) =>
      leading === undefined ? [] : [[{ host: leading.host, pid: String(leading.pid) }, 1]],
  },
]
