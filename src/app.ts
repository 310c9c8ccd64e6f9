import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import doors from '../plugins/access.ts'
import collectors from '../plugins/collectors.ts'
import config from '../plugins/config.ts'
import db from '../plugins/db.ts'
import debug from '../plugins/debug.ts'
import health from '../plugins/health.ts'
import leader from '../plugins/leader.ts'
import metrics from '../plugins/page.ts'
import round from '../plugins/round.ts'
import state from '../plugins/state.ts'
import scheduler from '../plugins/tick.ts'
import { readCertificate } from './certificate.ts'
import type { DatabaseSettings } from './config/databases.ts'
import type { Config, Environment } from './config/read.ts'
import { checkFolder } from './contract/folder.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The scope of each database, which has what is decorated for one: db, collectors, state, round, ticker. */
    databases: FastifyInstance[]
    /** In such a scope, its database. `place` is where among the others its ticks begin, from 0 to 1. */
    database: DatabaseSettings & { readonly place: number }
    /** The databases that this replica leads or is about to lead, each as its leadership. */
    led: Set<unknown>
  }
}

export interface AppOptions {
  /** The environment; that of the process and `.env` when it is not given. */
  readonly env?: Environment
  /** The folder of collectors. */
  readonly folder?: string
  readonly logger?: FastifyServerOptions['logger']
}

/** Milliseconds for each plugin to start and to stop: longer than the grace of a running round. */
const PLUGIN_TIMEOUT = 30_000
/** A scrape is a request without a body, and sent at once: nothing slower or larger is worth a connection. */
const LIMITS = { requestTimeout: 10_000, connectionTimeout: 60_000, bodyLimit: 1024 }
/** Milliseconds for the headers of a request to be complete, and between two looks at that. */
const HEADERS = { headersTimeout: 5000, connectionsCheckingInterval: 1000 }
const COLLECTORS = fileURLToPath(new URL('../collectors', import.meta.url))

/** The service, not yet listening and not yet ticking. Rejects when its configuration or a collector is not right. */
export async function buildApp({
  env,
  folder = COLLECTORS,
  logger = true,
}: AppOptions = {}): Promise<FastifyInstance> {
  const settings = await readSettings(env)
  // A line for every scrape would hide the others. While a last round ends, scrapes still get their page.
  const logController = new LogController({ disableRequestLogging: true })
  const app: FastifyInstance = Fastify({
    logger,
    logController,
    return503OnClosing: false,
    pluginTimeout: PLUGIN_TIMEOUT,
    ...LIMITS,
    ...listener(settings),
  })
  app.decorate('databases', [])
  app.decorate('led', new Set())
  app.addHook('onError', async (request, _reply, error) => {
    app.log.error(error, `${request.method} ${request.url} failed`)
  })
  try {
    await app.register(config, env === undefined ? {} : { env })
    const files = await checkFolder(folder)
    await app.register(doors)
    await app.register(metrics)
    await app.register(health)
    await app.register(debug)
    const databases = app.config.DATABASE_URL
    for (const [i, settings] of databases.entries()) {
      // A scope of its own for each database: what is registered in it sees the others' as little as they see it.
      await app.register(async (scope) => {
        scope.decorate('database', { ...settings, place: i / databases.length })
        if (settings.name !== undefined) scope.decorate('log', app.log.child({ database: settings.name }))
        await scope.register(db)
        await scope.register(collectors, { files: placesOf(folder, files) })
        await scope.register(state)
        await scope.register(leader)
        await scope.register(round)
        await scope.register(scheduler)
        await scope.register(autoload, {
          dir: folder,
          forceESM: true,
          maxDepth: 0,
          matchFilter: (path: string) => files.has(path.slice(1)),
        })
        app.databases.push(scope)
      })
    }
    return app
  } catch (error) {
    await app.close()
    throw error
  }
}

/** By collector, the path of its file: from where the process runs, when it is below that. */
function placesOf(folder: string, files: ReadonlyMap<string, string | undefined>): Map<string, string> {
  const places = new Map<string, string>()
  for (const [file, name] of files) {
    const path = join(folder, file)
    const short = relative('', path)
    if (name !== undefined) places.set(name, short.startsWith('..') ? path : short)
  }
  return places
}

/** The configuration, before there is a server: whether that is encrypted is for the configuration to say. */
async function readSettings(env: Environment | undefined): Promise<Config> {
  const app = Fastify()
  await app.register(config, env === undefined ? {} : { env })
  return app.config
}

function listener(settings: Config): object {
  if (settings.TLS_CERT_FILE === '') return { http: HEADERS }
  // A client without a certificate gets as far as the probes: the doors keep it from the rest.
  const clients = { requestCert: settings.TLS_CLIENT_CA_FILE !== '', rejectUnauthorized: false }
  return { https: { ...readCertificate(settings), ...clients, ...HEADERS } }
}
