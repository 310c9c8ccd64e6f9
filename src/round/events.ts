import { fieldOf } from '../advice.ts'
import type { Fields, Kind, Level, Log } from '../log.ts'

/** A line of the log that says what has changed. */
export interface Event {
  /** When, in milliseconds since 1970. */
  readonly at: number
  readonly kind: Kind
  readonly level: Exclude<Level, 'debug'>
  /** The same as the line's. */
  readonly message: string
  /** The name of the database that it is about, if that has one. */
  readonly database?: string
  readonly collector?: string
  /** The SQLSTATE of an error, or the code that Node.js gave it. */
  readonly code?: string
  /** How long what has ended had lasted. */
  readonly durationSeconds?: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What has changed of late. */
    events: Events
  }
}

/** The most events that are kept. */
const MAX_EVENTS = 100

/** The last events. */
export class Events {
  #list: readonly Event[] = []

  /** Adds the newest one. */
  add(event: Event): void {
    this.#list = [event, ...this.#list].slice(0, MAX_EVENTS)
  }

  /** Returns all that are kept, the newest first. */
  list(): readonly Event[] {
    return this.#list
  }
}

/** Returns a log that keeps each line with an `event` in its fields, too, whatever level is written. */
export function keepEvents(log: Log, events: Events, database?: string): Log {
  const writeAt = (level: Level) => (given: string | Fields, text?: string) => {
    const [fields, message]: [Fields, string] = typeof given === 'string' ? [{}, given] : [given, text ?? '']
    log[level](fields, message)
    const { event: kind, collector, err, durationSeconds } = fields
    if (kind === undefined || level === 'debug') return
    const code = err instanceof Error ? fieldOf(err, 'code') : err?.code
    events.add({
      at: Date.now(),
      kind,
      level,
      message,
      ...(database === undefined ? {} : { database }),
      ...(collector === undefined ? {} : { collector }),
      ...(code === undefined ? {} : { code }),
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
    })
  }
  return { debug: writeAt('debug'), info: writeAt('info'), warn: writeAt('warn'), error: writeAt('error') }
}
