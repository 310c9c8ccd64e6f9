/** Limits of a request to a listener, in milliseconds and bytes. It has no body and is sent at once. */
export const REQUEST_LIMITS = { requestTimeout: 10_000, connectionTimeout: 60_000, bodyLimit: 1024 }

/** Milliseconds that the headers of a request may take, and between two checks of that. */
export const HEADER_LIMITS = { headersTimeout: 5000, connectionsCheckingInterval: 1000 }

/** Milliseconds that connections have to end when a listener closes: one with half a request would hold up the stop. */
export const CLOSE_LIMIT = 1000
