// What the debug listener shows. Imports src/ only.
import type { Setting } from '../../src/config/shown.ts'
import type { Database } from '../../src/database.ts'
import type { Circumstances } from '../../src/health/problem.ts'
import { type Verdict, verdictOf } from '../../src/health/verdict.ts'
import type { Event } from '../../src/round/events.ts'
import type { Reloads } from '../../src/round/reload.ts'

/** The service as the debug listener sees it. */
export interface Subject {
  /** SERVICE_NAME, or else the names of the databases. */
  readonly name: string
  readonly databases: readonly Database[]
  /** The configuration as the page shows it. */
  readonly settings: readonly Setting[]
  /** COLLECTOR_STALE_AFTER and DATABASE_MAX_LAG, in milliseconds. */
  readonly limits: Pick<Circumstances, 'staleAfter' | 'maxLag'>
  /** PROMETHEUS_URL and GRAFANA_URL. */
  readonly prometheus: string | undefined
  readonly grafana: string | undefined
  /** The folder of collectors, which is there once the service is made. */
  reloads(): Reloads | undefined
  /** Since when collection is paused, in milliseconds since 1970. */
  paused(): number | undefined
  /** What happened last, the newest first. */
  events(): readonly Event[]
}

/** The part of the service that a page shows, at one moment. */
export interface Look extends Circumstances {
  readonly subject: Subject
  /** The name of the only database that it shows; undefined for all. */
  readonly database: string | undefined
  readonly databases: readonly Database[]
}

/** Looks at a service, or at one of its databases, now. */
export function lookAt(subject: Subject, database?: string): Look {
  const databases = subject.databases.filter(({ name }) => database === undefined || name === database)
  return { subject, database, databases, now: performance.now(), date: Date.now(), ...subject.limits }
}

/** Says how what a page shows is. */
export function judge({ subject, databases, ...given }: Look): Verdict {
  return verdictOf({ databases, reloads: subject.reloads(), paused: subject.paused() }, given)
}

/** The most rows of a page. Where there are more in several databases, each database has a page of its own. */
export const MOST_ROWS = 400

/** Whether a page has a row for each collector. */
export function hasRows({ databases }: Look): boolean {
  const rows = databases.reduce((sum, { collectors }) => sum + collectors.list.length, 0)
  return databases.length === 1 || rows <= MOST_ROWS
}
