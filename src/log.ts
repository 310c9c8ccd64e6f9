// The log: what a line has. Imports nothing.

/** What a line is about that is kept as an event: the begin or the end of an incident, or a change of what the service does. */
export type Kind =
  | 'started'
  | 'stopped'
  | 'failed'
  | 'recovered'
  | 'rejected'
  | 'accepted'
  | 'stale'
  | 'lost'
  | 'back'
  | 'endpoint'
  | 'skipped'
  | 'caught-up'
  | 'lead'
  | 'state'
  | 'clock'
  | 'reload'
  | 'configuration'
  | 'defect'
  | 'paused'
  | 'resumed'

/** What a line says in fields beside its message. */
export interface Fields {
  readonly event?: Kind
  readonly collector?: string | undefined
  /** An error, or what may be told of it beside its message: its SQLSTATE, or the code that Node.js gave it. */
  readonly err?: Error | { readonly code: string } | undefined
  /** How long it took or lasted. */
  readonly durationSeconds?: number
  readonly [field: string]: unknown
}

/** Writes a line. */
interface Write {
  (message: string): void
  (fields: Fields, message: string): void
}

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** Where lines are written. One with an `event` is kept for people to look at, too. */
export type Log = Readonly<Record<Level, Write>>
