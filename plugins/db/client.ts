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
    // The client's own timeout starts only when the socket is connected, so ours is used.
    connect_timeout: 0,
    max_lifetime: null,
    connection: { application_name: APPLICATION_NAME },
    onnotice: () => {},
  }
  // Not written in the call, because the client's types do not know `socket`.
  return postgres(options)
}
