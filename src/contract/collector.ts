// Contract: what a collector is, and how its definition is checked. Imports stages before it and src/finding.ts only.
import type { ISql } from 'postgres'
import { parseDuration } from '../time/duration.ts'
import type { Definition, Fragment, WindowContext } from './definition.ts'
import type { Label } from './label.ts'
import type { Metric } from './metric.ts'

/** A definition as the service uses it: names in column order, durations in milliseconds. */
export interface Collector {
  readonly name: string
  readonly labels: readonly CollectorLabel[]
  readonly metrics: readonly CollectorMetric[]
  readonly databases: readonly string[] | undefined
  /** Versions and role of the servers that it runs on; all when undefined. */
  readonly versions?: string | undefined
  readonly role?: 'primary' | 'standby' | undefined
  readonly interval: number | undefined
  readonly timeout: number | undefined
  /** How long until a window is counted for good; undefined unless the collector is incremental. */
  readonly settle: number | undefined
  readonly query: (sql: ISql, context: WindowContext) => Fragment
  /** Why it cannot run at all; undefined when it can. */
  readonly fault?: Error
}

export interface CollectorLabel {
  readonly name: string
  /** The values of a closed label; undefined for an open one. */
  readonly values: readonly string[] | undefined
  /** How many values keep a series of their own. */
  readonly limit: number
  /** Whether it is asked for those alone, and a rest is nothing to tell of. */
  readonly top: boolean
  /** Whether "other" takes the values that have no series of their own. */
  readonly other: boolean
}

export interface CollectorMetric extends Metric {
  readonly name: string
}

/** The value of a label that takes what has no series of its own. */
export const OTHER = 'other'

/** Makes a collector of a definition in which `problemsOf` finds nothing. */
export function collectorOf({
  name,
  labels = {},
  metrics,
  databases,
  versions,
  role,
  interval,
  timeout,
  window,
  query,
}: Definition): Collector {
  return {
    name,
    labels: Object.entries(labels).map(([label, values]) => labelOf(label, values)),
    metrics: Object.entries(metrics).map(([metric, of]) => ({ name: metric, ...of })),
    databases,
    versions,
    role,
    interval: millisecondsOf(interval),
    timeout: millisecondsOf(timeout),
    settle: millisecondsOf(window?.settle),
    query,
  }
}

function labelOf(name: string, label: Label): CollectorLabel {
  if ('open' in label) {
    return { name, values: undefined, limit: label.open, top: label.top === true, other: true }
  }
  return { name, values: label, limit: label.length, top: false, other: label.includes(OTHER) }
}

function millisecondsOf(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration)
}
