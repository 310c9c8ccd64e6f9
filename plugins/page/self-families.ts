// The service's own metrics, as a table. Imports src/ only.
import { version } from '../../src/config/version.ts'
import type { Database } from '../../src/database.ts'
import type { ClientFamily } from '../../src/page/exposition.ts'
import type { Reloads } from '../../src/round/reload.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { REASONS } from '../../src/rows/rows.ts'

export type Labels = Readonly<Record<string, string>>

/** A family with samples of each collector or of each database. */
export interface Family<Subject> {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  /** Reads the value of a subject, or values with further labels; undefined when there is none. */
  read(subject: Subject, now: number): number | undefined | readonly (readonly [Labels, number])[]
}

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
    name: 'collector_settle_seconds',
    help: 'How long after their moment a collector with a window still counts rows that are committed late.',
    type: 'gauge',
    read: ({ collector: { settle } }) => (settle === undefined ? undefined : settle / 1000),
  },
  {
    name: 'collector_interval_seconds',
    help: 'Time between two runs of a collector.',
    type: 'gauge',
    read: ({ interval }) => interval / 1000,
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
    read: ({ counts }) => REASONS.map((reason) => [{ reason }, counts.rejected[reason]] as const),
  },
  {
    name: 'collector_folded_series_total',
    help: 'Series that were summed into "other" because they exceeded a limit.',
    type: 'counter',
    read: ({ counts }) => counts.folded,
  },
]

export const DATABASE_FAMILIES: readonly Family<Database>[] = [
  {
    name: 'collection_state_errors_total',
    help: 'Failures to read or to write the counters of STATE_FILE or STATE_URL.',
    type: 'counter',
    read: ({ state }) => state.failures,
  },
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

export const LEADER: Family<Database> = {
  name: 'collection_leader',
  help: 'Whether this replica collects the database.',
  type: 'gauge',
  read: ({ leader }, now) => (leader.trustedUntil > now ? 1 : 0),
}

export const LEADER_INFO: Family<Database> = {
  name: 'collection_leader_info',
  help: 'The host and the process of the replica that collects the database, as far as this replica knows; always 1.',
  type: 'gauge',
  read: ({ leader: { leading } }) =>
    leading === undefined ? [] : [[{ host: leading.host, pid: String(leading.pid) }, 1]],
}

export const PAUSED: Family<{ readonly since: number | undefined }> = {
  name: 'collection_paused',
  help: 'Whether collection is paused.',
  type: 'gauge',
  read: ({ since }) => (since === undefined ? 0 : 1),
}

export const RELOADS: readonly Family<Reloads>[] = [
  {
    name: 'collectors_reload_success',
    help: 'Whether every collector runs as its file was when the folder was last read.',
    type: 'gauge',
    read: ({ last }) => (last.success ? 1 : 0),
  },
  {
    name: 'collectors_reload_timestamp_seconds',
    help: 'Time at which the folder of collectors was last read without a problem; 0 before the first.',
    type: 'gauge',
    read: ({ lastSuccess = 0 }) => lastSuccess,
  },
]

/** How often a listener refused something, by the reason. */
export interface Refusals {
  readonly counts: ReadonlyMap<string, number>
}

export const REFUSED: Family<readonly [listener: string, refusals: Refusals]> = {
  name: 'http_refused_total',
  help: 'Requests and connections that a listener refused.',
  type: 'counter',
  read: ([, { counts }]) => Array.from(counts, ([reason, count]) => [{ reason }, count] as const),
}

export const BUILD: ClientFamily = {
  name: 'metrics_service_build_info',
  help: 'The version of the service and of Node.js; always 1.',
  type: 'gauge',
  values: [{ value: 1, labels: { version, node_version: process.version } }],
}
