import type { CollectorStatus } from './status.ts'

/** When a run of a collector came how far, in milliseconds of the monotonic clock; undefined for what is yet to come. */
export interface Span {
  readonly status: CollectorStatus
  /** When it was its turn: it had a slot, and asked for a connection. */
  readonly begun: number
  /** When its query was sent, and when the last row was there. */
  asked?: number
  answered?: number
  /** When its samples were ready, or it had failed. */
  ended?: number
  failed?: boolean
}

/** What happened in one round, while it runs and after that. */
export interface Trace {
  /** When it began, in milliseconds since 1970 and of the monotonic clock. */
  readonly at: number
  readonly started: number
  /** When its results were published, or it was given up. */
  ended?: number
  /** The collectors that it runs. */
  readonly due: readonly CollectorStatus[]
  /** In the order in which they had their turn. A run that was repeated after a lost connection is there twice. */
  readonly spans: Span[]
}
