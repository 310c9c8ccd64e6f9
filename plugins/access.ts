// Access: who may ask the listeners, and TLS. Imports src/ and its own folder only.
import { type Server, TLSSocket } from 'node:tls'
import bearerAuth from '@fastify/bearer-auth'
import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/read.ts'
import { describeError } from '../src/finding.ts'
import { closeSoon, createListener, type Listener, type TlsOptions } from './access/listener.ts'
import { firstExpiry, readCertificates, readKey } from './access/pem.ts'
import { watchFiles } from './access/watch.ts'

export { closeSoon, createListener }

/**
 * Paths that need no token and no certificate, because probes have none and the answers say nothing of the business.
 */
const OPEN_PATHS = ['/healthz', '/readyz']
/** Characters that a token should have: a shorter one can be guessed. */
const TOKEN_LENGTH = 16
/** Without static RSA and without CBC, which TLS 1.2 still has. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

declare module 'fastify' {
  interface FastifyInstance {
    /** The metrics listener. */
    listener: Listener
    /** What each listener has refused, by its name. */
    refusals: Map<string, Listener['refusals']>
    createListener: typeof createListener
    closeSoon: typeof closeSoon
    /** Makes a listener refuse requests without this bearer token, except those that are open to all. */
    requireToken: typeof requireToken
    /** Whether a request to the metrics listener has the credentials that it takes; false when it takes none. */
    knows(request: FastifyRequest, reply: FastifyReply): Promise<boolean>
    /** Reads the files of TLS again, if there are any. It never throws: the certificate before stays when they are wrong. */
    reloadCertificate(): void
  }
}

/** Checks tokens and client certificates, reloads the TLS certificate, and sets security headers. */
export default fp(
  async (app) => {
    const { METRICS_TOKEN, DEBUG_TOKEN, TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE } = app.config
    app.decorate('refusals', new Map([['metrics', app.listener.refusals]]))
    app.decorate('createListener', createListener)
    app.decorate('closeSoon', closeSoon)
    for (const [name, token] of Object.entries({ METRICS_TOKEN, DEBUG_TOKEN })) {
      if (token === undefined || token.length >= TOKEN_LENGTH) continue
      app.journal.warn(
        { event: 'configuration' },
        `${name} has fewer than ${TOKEN_LENGTH} characters: a short token can be guessed`,
      )
    }
    await app.register(helmet, {
      global: false,
      // It would be for all services of this host name, and for a year.
      strictTransportSecurity: false,
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          styleSrc: ["'unsafe-inline'"],
          imgSrc: ['data:'],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
        },
      },
    })

    if (TLS_CLIENT_CA_FILE !== undefined) {
      app.addHook('onRequest', async (request, reply) => {
        if (isOpen(request) || isCertified(request)) return
        return reply.code(403).send({ error: 'a client certificate is required' })
      })
    }
    app.decorate('requireToken', requireToken)
    if (METRICS_TOKEN !== undefined) await requireToken(app, METRICS_TOKEN, 'Bearer', isOpen)
    app.decorate('knows', async (request, reply) => {
      if (METRICS_TOKEN === undefined && TLS_CLIENT_CA_FILE === undefined) return false
      if (TLS_CLIENT_CA_FILE !== undefined && !isCertified(request)) return false
      return METRICS_TOKEN === undefined || hasToken(app, request, reply)
    })

    const reload = () => {
      if (app.listener.tls === undefined) return
      try {
        const server = app.server as unknown as Server
        const tls = readCertificate(app.config)
        server.setSecureContext(tls)
        app.listener.tls = tls
        // A connection keeps what its handshake had: also a certificate of a client whose CA has been taken out.
        if (TLS_CLIENT_CA_FILE !== undefined) app.listener.connections.close()
        app.journal.info({ event: 'reload' }, 'TLS certificate reloaded')
      } catch (error) {
        app.journal.warn(
          { event: 'reload' },
          `TLS certificate cannot be reloaded; the previous one stays in use: ${describeError(error)}`,
        )
      }
    }
    app.decorate('reloadCertificate', reload)
    const { tls } = app.listener
    if (tls === undefined) return
    const files = [TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE].filter((file) => file !== undefined)
    const held = [tls.cert, tls.key, tls.ca].filter((pem) => pem !== undefined)
    const unwatch = watchFiles(files, held, reload)
    app.addHook('onClose', async () => unwatch())
  },
  { name: 'access', decorators: { fastify: ['config', 'listener'] } },
)

/**
 * Reads the certificate of the metrics listener, its key and the CAs that it trusts. Throws a Mistake when a file does not hold what it should.
 * A client without a certificate may connect, because probes have none, and is refused the rest.
 */
export function readCertificate({ TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE }: Config): TlsOptions {
  const cert = readCertificates('TLS_CERT_FILE', TLS_CERT_FILE)
  return {
    cert,
    key: readKey('TLS_KEY_FILE', TLS_KEY_FILE, cert),
    ca: readCertificates('TLS_CLIENT_CA_FILE', TLS_CLIENT_CA_FILE),
    requestCert: TLS_CLIENT_CA_FILE !== undefined,
    expires: cert && firstExpiry(cert),
    ciphers: CIPHERS,
    minVersion: 'TLSv1.2',
  }
}

/** `challenge` is what a refused client is told to send. */
async function requireToken(
  listener: FastifyInstance,
  token: string,
  challenge: string,
  isOpen: (request: FastifyRequest) => boolean = () => false,
): Promise<void> {
  await listener.register(bearerAuth, {
    keys: new Set([token]),
    addHook: false,
    verifyErrorLogLevel: 'debug',
  })
  listener.addHook('onRequest', async (request, reply) => {
    if (isOpen(request) || (await hasToken(listener, request, reply))) return
    reply.code(401).header('www-authenticate', challenge)
    return reply.send({ error: 'a token is required' })
  })
}

function hasToken(listener: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  const { verifyBearerAuth: verify } = listener
  if (verify === undefined) throw new Error('@fastify/bearer-auth does not verify tokens')
  return new Promise((resolve) => verify(request, reply, (error) => resolve(error === undefined)))
}

function isCertified({ raw: { socket } }: FastifyRequest): boolean {
  return socket instanceof TLSSocket && socket.authorized
}

function isOpen(request: FastifyRequest): boolean {
  return OPEN_PATHS.includes(request.routeOptions.url ?? '')
}
