// The debug listener: what the service does and did last. Imports src/ and its own folder only.
import { readFile } from 'node:fs/promises'
import helmet from '@fastify/helmet'
import Fastify, { LogController } from 'fastify'
import fp from 'fastify-plugin'
import { listen } from '../src/config/listen.ts'
import { serviceNameOf, settingsOf } from '../src/config/shown.ts'
import { missing, wantsPage } from '../src/html/missing.ts'
import { STYLE } from '../src/html/page.ts'
import { collect } from './debug/collect.ts'
import { collectors } from './debug/collectors.ts'
import { events } from './debug/events.ts'
import { live } from './debug/live.ts'
import { page } from './debug/page.ts'
import { pause } from './debug/pause.ts'
import { profiles } from './debug/profiles.ts'
import { reload } from './debug/reload.ts'
import { refuseOtherSites } from './debug/sites.ts'
import type { Subject } from './debug/subject.ts'

/** The most connections at once: far more than there are people who look. */
const MAX_CONNECTIONS = 100

/** Starts the debug listener, which is for people on the machine and shows what the service does and did last. */
export default fp(
  async (app) => {
    const { databases } = app
    const { DEBUG_HOST: host, DEBUG_PORT: port, DEBUG_TOKEN: token } = app.config
    if (port === 0) return
    const listener = app.createListener({ connections: MAX_CONNECTIONS })
    app.refusals.set('debug', listener.refusals)
    const debug = Fastify({
      loggerInstance: app.log,
      logController: new LogController({ disableRequestLogging: true }),
      ...listener.options,
    })
    const self = ["'self'"]
    await debug.register(helmet, {
      global: false,
      strictTransportSecurity: false,
      // The only sign of its own pages that a browser gives over http to another host than this machine.
      referrerPolicy: { policy: 'same-origin' },
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: self,
          styleSrc: self,
          connectSrc: self,
          formAction: self,
          imgSrc: ['data:'],
          baseUri: ["'none'"],
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
    refuseOtherSites(debug, token === undefined)
    if (token !== undefined) {
      // A browser cannot send a bearer token, but it can ask for a password and send that.
      debug.addHook('onRequest', async (request) => {
        const basic = /^Basic (.*)$/i.exec(request.headers.authorization ?? '')?.[1]
        if (basic === undefined) return
        const given = Buffer.from(basic, 'base64').toString()
        request.headers.authorization = `Bearer ${given.slice(given.indexOf(':') + 1)}`
      })
      await app.requireToken(debug, token, 'Basic realm="the token as password"')
    }

    const script = await readFile(new URL('debug/assets/live.js', import.meta.url), 'utf8')
    for (const [file, type, content] of [
      ['style.css', 'text/css', STYLE],
      ['live.js', 'text/javascript', script],
    ] as const) {
      debug.get(`/debug/assets/${file}`, async (_request, reply) =>
        reply.type(`${type}; charset=utf-8`).send(content),
      )
    }
    debug.get('/readyz', async (_request, reply) => {
      const readiness = app.readiness()
      return reply.code(readiness.ready ? 200 : 503).send(readiness)
    })
    debug.get('/', async (_request, reply) => reply.redirect('/debug'))
    debug.setNotFoundHandler(async ({ headers, method, url }, reply) => {
      reply.code(404)
      if (!wantsPage(headers.accept)) return reply.send({ error: `there is no ${method} ${url}` })
      await reply.helmet()
      return reply.type('text/html; charset=utf-8').send(page('404', missing('/debug')).text)
    })
    const { COLLECTOR_STALE_AFTER: staleAfter, DATABASE_MAX_LAG: maxLag } = app.config
    const subject: Subject = {
      name: serviceNameOf(app.config),
      databases,
      settings: settingsOf(app.environment, app.config),
      limits: { staleAfter, maxLag },
      prometheus: app.config.PROMETHEUS_URL,
      grafana: app.config.GRAFANA_URL,
      reloads: () => app.reloads,
      paused: () => app.paused,
      events: () => app.events.list(),
    }
    await debug.register(live, { subject })
    await debug.register(collect, { databases, paused: () => app.paused })
    await debug.register(pause, { app })
    await debug.register(reload, { reload: () => app.reload() })
    await debug.register(collectors, { subject })
    await debug.register(events, { events: app.events })
    await debug.register(profiles, { prefix: '/debug/pprof' })

    app.addHook('onReady', async () => {
      const listenTextResolver = (address: string) => `debug on ${address}/debug`
      await listen(debug, { host, port, listenTextResolver }, { host: 'DEBUG_HOST', port: 'DEBUG_PORT' })
    })
    debug.addHook('preClose', async () => app.closeSoon(listener))
    app.addHook('onClose', () => debug.close())
  },
  {
    name: 'debug',
    dependencies: ['access', 'health', 'pause'],
    decorators: { fastify: ['config', 'environment', 'databases'] },
  },
)
