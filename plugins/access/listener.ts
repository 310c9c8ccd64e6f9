// The server of a listener, with its limits. Imports src/ and its own folder only.
import type { RequestListener, Server } from 'node:http'
import type { SecureContextOptions } from 'node:tls'
import { type ConnectionLimits, Connections } from './connections.ts'
import { Refusals } from './refusals.ts'

// An import would also load the client of HTTP that Node.js has: 14 MB of memory, and the longest part of the start.
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

/** Bytes of a request's body. The forms of the debug listener have no fields. */
const BODY_LIMIT = 1024
/** Milliseconds that a request may take to arrive, and its headers, and between two checks of that. */
const LIMITS = { requestTimeout: 10_000, headersTimeout: 5000, connectionsCheckingInterval: 1000 }
/** Milliseconds for the handshake of TLS. */
const HANDSHAKE_TIMEOUT = 5000
/** Milliseconds that a connection may be silent in the middle of a request or of its answer, and between two of them. */
const SILENCE = 60_000
const KEEP_ALIVE = 72_000
/** Milliseconds that connections have to end when a listener closes. */
const CLOSE_LIMIT = 1000

/** What TLS of a listener is made of. */
export interface TlsOptions extends SecureContextOptions {
  readonly cert: Buffer | undefined
  readonly key: Buffer | undefined
  readonly ca: Buffer | undefined
  readonly requestCert: boolean
  /** When the first of its certificates expires, in seconds since 1970. */
  readonly expires?: number | undefined
}

/** A server's limits, in the options of Fastify that make it, and what it counts. */
export interface Listener {
  readonly options: {
    readonly bodyLimit: number
    readonly serverFactory: (handler: RequestListener) => Server
  }
  readonly refusals: Refusals
  readonly connections: Connections
  /** What TLS is made of now; undefined without TLS. */
  tls: TlsOptions | undefined
}

/**
 * Makes a listener, for TLS if there are options for that. Because it makes the server, Fastify makes no second one of
 * other limits where a name, such as localhost, has two addresses.
 */
export function createListener(limits: ConnectionLimits, tls?: TlsOptions): Listener {
  const refusals = new Refusals()
  const connections = new Connections(limits, refusals)

  function serverFactory(handler: RequestListener): Server {
    // Node.js would refuse a request without a Host header by itself, without a look at what else the connection asks.
    const options = { ...LIMITS, keepAliveTimeout: KEEP_ALIVE, requireHostHeader: false }
    const answer: RequestListener = (request, response) => {
      if (!connections.answer(request, response)) return
      if (request.headers.host === undefined && request.httpVersion === '1.1') {
        response.writeHead(400, { connection: 'close' }).end()
      } else handler(request, response)
    }
    const server =
      tls === undefined
        ? http.createServer(options, answer)
        : https.createServer(
            { ...options, ...tls, rejectUnauthorized: false, handshakeTimeout: HANDSHAKE_TIMEOUT },
            answer,
          )
    // And likewise one with an Expect header that it does not know.
    server.on('checkExpectation', answer)
    server.on('clientError', (error) => refusals.countError(error))
    server.on('tlsClientError', () => refusals.count('handshake'))
    server.setTimeout(SILENCE)
    connections.watch(server, tls !== undefined)
    return server
  }

  return { options: { bodyLimit: BODY_LIMIT, serverFactory }, refusals, connections, tls }
}

/** Ends what is left of a listener's connections soon: one with half a request would hold up its close. */
export function closeSoon({ connections }: Listener): void {
  connections.close()
  setTimeout(() => connections.cut(), CLOSE_LIMIT).unref()
}
