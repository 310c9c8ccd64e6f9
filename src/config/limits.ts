import type { FastifyInstance } from 'fastify'

/** Limits of a request to a listener, in milliseconds and bytes. It has no body and is sent at once. */
export const REQUEST_LIMITS = { requestTimeout: 10_000, connectionTimeout: 60_000, bodyLimit: 1024 }

/** Milliseconds that the headers of a request may take, and between two checks of that. */
export const HEADER_LIMITS = { headersTimeout: 5000, connectionsCheckingInterval: 1000 }

/** Milliseconds that connections have to end when a listener closes. */
const CLOSE_LIMIT = 1000

/** Cuts what is left of a listener's connections soon: one with half a request would hold up its close. */
export function closeSoon({ server }: Pick<FastifyInstance, 'server'>): void {
  setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT).unref()
}
