import type net from 'node:net'
import postgres, { type Sql } from 'postgres'
import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'

/** The name under which pg_stat_activity shows the service. */
const APPLICATION_NAME = 'metrics-service'

export interface ClientEvents {
  /** Gives the client the socket to speak through. */
  socket(): Promise<net.Socket>
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

/** Makes a client with one connection to an endpoint. It connects at its first query. */
export function createClient(url: DatabaseUrl, endpoint: Endpoint, events: ClientEvents): Sql {
  const options = {
    ...events,
    host: endpoint.host,
    port: endpoint.port,
    user: url.user,
    pass: url.password,
    database: url.database,
    // The socket that the client gets is encrypted already.
    ssl: false,
    max: 1,
    prepare: false,
    fetch_types: false,
    types: { bits: BITS, json: JSON_VALUE },
    // The client's own timeout starts only when the socket is connected, so ours is used.
    connect_timeout: 0,
    max_lifetime: null,
    connection: { application_name: APPLICATION_NAME },
    onnotice: () => {},
  }
  // Not written in the call, because the client's types do not know `socket`.
  return postgres(options)
}
