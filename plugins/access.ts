import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { type Server, TLSSocket } from 'node:tls'
import bearerAuth from '@fastify/bearer-auth'
import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/read.ts'
import { describeError } from '../src/finding.ts'

/** Milliseconds between two looks at the files of the certificate. */
const WATCH = 1000
/** Paths that a probe can ask without a token or a certificate: they tell nothing of the business. */
const OPEN = ['/healthz', '/readyz']
/** Connections at once: far more than there are scrapers. What is more is turned away, and memory stays bounded. */
const CONNECTIONS = 1000

declare module 'fastify' {
  interface FastifyInstance {
    /** Lets a listener answer only requests with this bearer token, and those that are open to all. */
    requireToken: typeof requireToken
  }
}

/** Who may come in: tokens, certificates, and the headers that keep a page from being misused. */
export default fp(
  async (app) => {
    const { METRICS_TOKEN, TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE } = app.config
    app.server.maxConnections = CONNECTIONS
    await app.register(helmet, {
      global: false,
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
    const renew = () => {
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
    // Looked at again and again, for a mounted secret is renewed by moving links, which a watch would not see.
    for (const file of files) watchFile(file, { interval: WATCH, persistent: false }, renew)
    app.addHook('onClose', async () => {
      for (const file of files) unwatchFile(file, renew)
    })
  },
  { name: 'access', decorators: { fastify: ['config'] } },
)

/** The certificate that the metrics listener shows and those that it trusts, as the files are now. Throws when one cannot be read. */
export function readCertificate({ TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE }: Config) {
  const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file))
  return { cert: read(TLS_CERT_FILE), key: read(TLS_KEY_FILE), ca: read(TLS_CLIENT_CA_FILE) }
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
  return OPEN.includes(request.routeOptions.url ?? '')
}
