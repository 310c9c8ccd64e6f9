import type { Duplex } from 'node:stream'
import postgres, { type Sql } from 'postgres'
import type { Endpoint } from '../../src/config/database-url.ts'

export interface ClientEvents {
  /** Gives the client what it speaks through: a session that is open. */
  socket(): Promise<Duplex>
  onclose(): void
}

/** A bit string has the look of a decimal number, which it is not: it is no value, and a label only as a text. */
const BITS = {
  to: 1560,
  from: [1560, 1562],
  serialize: String,
  parse: (text: string) => ({ toString: () => `B'${text}'` }),
}

/** A number in JSON stays a text: as a number of JavaScript it could be another one. */
const JSON_VALUE = {
  to: 114,
  from: [114, 3802],
  serialize: JSON.stringify,
  parse: (text: string): unknown => (/^-?\d/.test(text) ? text : JSON.parse(text)),
}

/**
 * Makes a client of a session with an endpoint. It connects at its first query. Each of its options is given, for it would
 * take what is left out from the environment.
 */
export function createClient({ host, port }: Endpoint, events: ClientEvents): Sql {
  const options = {
    ...events,
    host,
    port,
    // The session is encrypted, and open, before the client gets it.
    ssl: false,
    sslnegotiation: null,
    user: 'opened',
    pass: '',
    database: 'opened',
    connection: { application_name: '' },
    max: 1,
    max_pipeline: 100,
    prepare: false,
    fetch_types: false,
    types: { bits: BITS, json: JSON_VALUE },
    // Timeouts are ours, and no session is opened twice.
    connect_timeout: 0,
    idle_timeout: 0,
    max_lifetime: null,
    backoff: () => 0,
    keep_alive: 0,
    debug: false,
    publications: 'alltables',
    // One that the welcome of each session satisfies: the client has no other way not to ask the environment.
    target_session_attrs: 'prefer-standby' as const,
    onnotice: () => {},
  }
  // Not written in the call, because the client's types do not know `socket`.
  return postgres(options)
}
