// The service's own metrics of what is one for all databases, as a table. Imports src/ only.
import { version } from '../../src/config/version.ts'
import type { Family, Labels } from '../../src/page/family.ts'
import type { Reloads } from '../../src/round/reload.ts'
import type { CollectorStatus } from '../../src/round/status.ts'

/** What a collector is set to, which is the same on each database. */
export const SETTINGS: readonly Family<CollectorStatus>[] = [
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
    name: 'collector_timeout_seconds',
    help: 'Time that a run of a collector may take.',
    type: 'gauge',
    read: ({ timeout }) => timeout / 1000,
  },
]

export const SERIES_LIMIT: Family<number> = {
  name: 'collector_series_limit',
  help: 'Series that a collector may show on a database; beyond it the smallest fold into "other".',
  type: 'gauge',
  read: (limit) => limit,
}

export const TICK: Family<number> = {
  name: 'collection_tick_seconds',
  help: 'Time between two rounds.',
  type: 'gauge',
  read: (milliseconds) => milliseconds / 1000,
}

/** What has certificates. */
export interface Certified {
  /** Another object after each change of them. */
  readonly state: object
  /** Whose each is, and when it expires in seconds since 1970, if that is known. */
  readonly certificates: readonly (readonly [Labels, number | undefined])[]
}

export const CERTIFICATE: Family<Certified> = {
  name: 'tls_certificate_expiry_timestamp_seconds',
  help: 'Time at which a certificate expires: that of the metrics listener, or of a server of the database.',
  type: 'gauge',
  read: ({ certificates }) =>
    certificates.flatMap(([labels, expires]) => (expires === undefined ? [] : [[labels, expires] as const])),
}

/** Since when collection is paused, in milliseconds since 1970; undefined when it is not. */
export interface Paused {
  readonly since: number | undefined
}

export const PAUSED: Family<Paused> = {
  name: 'collection_paused',
  help: 'Whether collection is paused.',
  type: 'gauge',
  read: ({ since }) => (since === undefined ? 0 : 1),
}

/** Returns the reloads of the folder of collectors, when there have been any. */
export type ReadReloads = () => Reloads | undefined

export const RELOADS: readonly Family<ReadReloads>[] = [
  {
    name: 'collectors_reload_success',
    help: 'Whether every collector runs as its file was when the folder was last read.',
    type: 'gauge',
    read: (reloads) => {
      const last = reloads()?.last
      return last === undefined ? undefined : last.success ? 1 : 0
    },
  },
  {
    name: 'collectors_reload_timestamp_seconds',
    help: 'Time at which the folder of collectors was last read without a problem; 0 before the first.',
    type: 'gauge',
    read: (reloads) => {
      const found = reloads()
      return found === undefined ? undefined : (found.lastSuccess ?? 0)
    },
  },
]

/** How often a listener refused something, by the reason. */
export interface Refusals {
  readonly counts: ReadonlyMap<string, number>
}

/** What each listener refused, by its name. */
export const REFUSED: Family<ReadonlyMap<string, Refusals>> = {
  name: 'http_refused_total',
  help: 'Requests and connections that a listener refused.',
  type: 'counter',
  read: (listeners) =>
    [...listeners].flatMap(([listener, { counts }]) =>
      Array.from(counts, ([reason, count]) => [{ listener, reason }, count] as const),
    ),
}

export const BUILD: Family<string> = {
  name: 'metrics_service_build_info',
  help: 'The version of the service and of Node.js; always 1.',
  type: 'gauge',
  read: (node_version) => [[{ version, node_version }, 1]],
}
