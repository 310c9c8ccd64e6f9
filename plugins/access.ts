// Access: who may ask the listeners, and TLS. Imports src/ and its own folder only.
import { unwatchFile, watchFile } from 'node:fs'
import { type Server, TLSSocket } from 'node:tls'
import bearerAuth from '@fastify/bearer-auth'
import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/read.ts'
import { describeError } from '../src/finding.ts'
import { readCertificates, readKey } from './access/pem.ts'

/** Milliseconds between two checks of the certificate's files. */
const WATCH_INTERVAL = 1000
/**
 * Paths that need no token and no certificate, because probes have none and the answers say nothing of the business.
 */
const OPEN_PATHS = ['/healthz', '/readyz']
/** The most connections at once, to bound memory: far more than there are scrapers. Further ones are refused. */
const MAX_CONNECTIONS = 1000

declare module 'fastify' {
  interface FastifyInstance {
    /** Makes a listener refuse requests without this bearer token, except those that are open to all. */
    requireToken: typeof requireToken
  }
}

/** Checks tokens and client certificates, reloads the TLS certificate, and sets security headers. */
export default fp(
  async (app) => {
    const { METRICS_TOKEN, TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE } = app.config
    app.server.maxConnections = MAX_CONNECTIONS
    await app.register(helmet, {
      global: false,
      // It would be for all services of this host name, and for a year.
      strictTransportSecurity: false,
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], styleSrc: ["'unsafe-inline'"], imgSrc: ['data:'] },
      },
    })

    if (TLS_CLIENT_CA_FILE !== undefined) {
      app.addHook('onRequest', async (request, reply) => {
        const { socket } = request.raw
        if (isOpen(request)) return
        if (socket instanceof TLSSocket && socket.authorized) return
        return reply.code(403).send({ error: 'a client certificate is required' })
      })
    }
    app.decorate('requireToken', requireToken)
    if (METRICS_TOKEN !== undefined) await requireToken(app, METRICS_TOKEN, isOpen)

    const files = [TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE].filter((file) => file !== undefined)
    const reload = () => {
      try {
        const server = app.server as unknown as Server
        server.setSecureContext(readCertificate(app.config))
        app.log.info('TLS certificate reloaded')
      } catch (error) {
        app.log.warn(
          `TLS certificate cannot be reloaded; the previous one stays in use: ${describeError(error)}`,
        )
      }
    }
    // Polled, because a mounted secret is renewed by replacing symbolic links, which file system events miss.
    for (const file of files) watchFile(file, { interval: WATCH_INTERVAL, persistent: false }, reload)
    app.addHook('onClose', async () => {
      for (const file of files) unwatchFile(file, reload)
    })
  },
  { name: 'access', decorators: { fastify: ['config'] } },
)

/**
 * Reads the certificate of the metrics listener, its key and the CAs that it trusts. Throws a Mistake when a file is none of them.
 */
export function readCertificate({ TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE }: Config) {
  const cert = readCertificates('TLS_CERT_FILE', TLS_CERT_FILE)
  return {
    cert,
    key: readKey('TLS_KEY_FILE', TLS_KEY_FILE, cert),
    ca: readCertificates('TLS_CLIENT_CA_FILE', TLS_CLIENT_CA_FILE),
  }
}

async function requireToken(
  listener: FastifyInstance,
  token: string,
  isOpen: (request: FastifyRequest) => boolean = () => false,
): Promise<void> {
  await listener.register(bearerAuth, {
    keys: new Set([token]),
    addHook: false,
    verifyErrorLogLevel: 'debug',
  })
  const { verifyBearerAuth: verify } = listener
  if (verify === undefined) throw new Error('@fastify/bearer-auth does not verify tokens')
  listener.addHook('onRequest', (request, reply, done) => {
    if (isOpen(request)) done()
    else verify(request, reply, done)
  })
}

function isOpen(request: FastifyRequest): boolean {
  return OPEN_PATHS.includes(request.routeOptions.url ?? '')
}
