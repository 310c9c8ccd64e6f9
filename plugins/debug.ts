// The debug listener: what the service does and did last. Imports src/ and its own folder only.
import { readFile } from 'node:fs/promises'
import helmet from '@fastify/helmet'
import Fastify, { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import fp from 'fastify-plugin'
import { closeSoon, HEADER_LIMITS, REQUEST_LIMITS } from '../src/config/limits.ts'
import { settingsOf } from '../src/config/shown.ts'
import { LOOPBACK } from '../src/config/variables.ts'
import { collect } from './debug/collect.ts'
import { collectors } from './debug/collectors.ts'
import { live } from './debug/live.ts'
import { profiles } from './debug/profiles.ts'

/** The most connections at once: far more than there are people who look. */
const MAX_CONNECTIONS = 100

/** Starts the debug listener, which is for people on the machine and shows what the service does and did last. */
export default fp(
  async (app) => {
    const { databases } = app
    const { DEBUG_HOST: host, DEBUG_PORT: port, DEBUG_TOKEN: token } = app.config
    if (port === 0) return
    const debug = Fastify({
      loggerInstance: app.log,
      logController: new LogController({ disableRequestLogging: true }),
      ...REQUEST_LIMITS,
      http: HEADER_LIMITS,
    })
    debug.server.maxConnections = MAX_CONNECTIONS
    const self = ["'self'"]
    await debug.register(helmet, {
      global: false,
      strictTransportSecurity: false,
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: self,
          styleSrc: self,
          connectSrc: self,
          formAction: self,
          imgSrc: ['data:'],
          frameAncestors: ["'none'"],
        },
      },
    })
    // The forms have no fields, but a browser sends this content type all the same.
    debug.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      async () => undefined,
    )
    debug.addHook('onRequest', refuseOtherSites)
    if (token !== undefined) {
      // A browser cannot send a bearer token, but it can ask for a password and send that.
      debug.addHook('onRequest', async (request) => {
        const basic = /^Basic (.*)$/i.exec(request.headers.authorization ?? '')?.[1]
        if (basic === undefined) return
        const given = Buffer.from(basic, 'base64').toString()
        request.headers.authorization = `Bearer ${given.slice(given.indexOf(':') + 1)}`
      })
      debug.addHook('onSend', async (_request, reply) => {
        if (reply.statusCode === 401) reply.header('www-authenticate', 'Basic realm="the token as password"')
      })
      await app.requireToken(debug, token)
    }

    for (const [file, type] of [
      ['style.css', 'text/css'],
      ['live.js', 'text/javascript'],
    ] as const) {
      const content = await readFile(new URL(`debug/assets/${file}`, import.meta.url))
      debug.get(`/debug/assets/${file}`, async (_request, reply) =>
        reply.type(`${type}; charset=utf-8`).send(content),
      )
    }
    debug.get('/', async (_request, reply) => reply.redirect('/debug'))
    await debug.register(live, { databases, settings: settingsOf(app.environment, app.config) })
    await debug.register(collect, { databases })
    await debug.register(collectors, { databases })
    await debug.register(profiles, { prefix: '/debug/pprof' })

    app.addHook('onReady', async () => {
      await debug.listen({ host, port, listenTextResolver: (address) => `debug on ${address}/debug` })
    })
    debug.addHook('preClose', async () => closeSoon(debug))
    app.addHook('onClose', () => debug.close())

    /**
     * Refuses what a page of another site makes the user's browser send: its forms (Sec-Fetch-Site), and requests under a
     * host name that points to this machine. https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site
     */
    async function refuseOtherSites(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
      const site = request.headers['sec-fetch-site']
      if (request.method !== 'GET' && site !== undefined && site !== 'same-origin') {
        return reply.code(403).send({ error: 'cross-site request refused' })
      }
      if (token === undefined && !LOOPBACK.test(request.hostname.replace(/^\[(.*)\]$/, '$1'))) {
        const name = JSON.stringify(request.hostname)
        return reply
          .code(403)
          .send({ error: `the Host header is ${name}: without DEBUG_TOKEN it must be localhost` })
      }
    }
  },
  {
    name: 'debug',
    dependencies: ['access'],
    decorators: { fastify: ['config', 'environment', 'databases'] },
  },
)
