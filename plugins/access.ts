import { unwatchFile, watchFile } from 'node:fs'
import { type Server, TLSSocket } from 'node:tls'
import bearerAuth from '@fastify/bearer-auth'
import helmet from '@fastify/helmet'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { readCertificate } from '../src/certificate.ts'
import { describeError } from '../src/finding.ts'

/** Milliseconds between two looks at the files of the certificate. */
const WATCH = 1000
/** Paths that a probe can ask without a token or a certificate: they tell nothing of the business. */
const OPEN = ['/healthz', '/readyz']
/** Connections at once: far more than there are scrapers. What is more is turned away, and memory stays bounded. */
const CONNECTIONS = 1000

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

    if (TLS_CLIENT_CA_FILE !== '') {
      app.addHook('onRequest', async (request, reply) => {
        const { socket } = request.raw
        if (isOpen(request)) return
        if (socket instanceof TLSSocket && socket.authorized) return
        return reply.code(403).send({ error: 'a client certificate is required' })
      })
    }
    if (METRICS_TOKEN !== undefined) {
      await app.register(bearerAuth, {
        keys: new Set([METRICS_TOKEN]),
        addHook: false,
        verifyErrorLogLevel: 'debug',
      })
      app.addHook('onRequest', (request, reply, done) => {
        if (isOpen(request)) done()
        else app.verifyBearerAuth?.(request, reply, done)
      })
    }

    const files = [TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE].filter((file) => file !== '')
    const renew = () => {
      try {
        const server = app.server as unknown as Server
        server.setSecureContext(readCertificate(app.config))
        app.log.info('the certificate was read anew')
      } catch (error) {
        app.log.warn(`the certificate cannot be read anew, and the one before stays: ${describeError(error)}`)
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

function isOpen(request: FastifyRequest): boolean {
  return OPEN.includes(request.routeOptions.url ?? '')
}
