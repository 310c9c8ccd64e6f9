import type { CollectorStatus } from '../round/status.ts'

/** `bad`: values are missing, old or wrong, or will be; `warn`: somebody should look; `wait`: it goes away by itself. */
export type Severity = 'bad' | 'warn' | 'wait'

/** One cause of something that is wrong, in sentences without a full stop. */
export interface Problem {
  readonly severity: Severity
  /** The name of the database that it is about; undefined when it is about all, or when databases have no names. */
  readonly database?: string | undefined
  /** Anybody who may open the landing page may read it: it has no error, no host and no path. */
  readonly what: string
  /** When it began, in milliseconds since 1970; undefined when that is not known. */
  readonly since?: number | undefined
  readonly why?: string | undefined
  /** What it means for the values on the page. */
  readonly effect?: string | undefined
  readonly action?: string | undefined
  /** The collectors that it is about. */
  readonly collectors?: readonly CollectorStatus[]
}

/** What problems are told by. Times are in milliseconds. */
export interface Circumstances {
  /** Of the monotonic clock. */
  readonly now: number
  /** Since 1970. */
  readonly date: number
  /** COLLECTOR_STALE_AFTER and DATABASE_MAX_LAG. */
  readonly staleAfter: number
  readonly maxLag: number
}

/** A noun with its number: 1 collector, 2 collectors. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}
