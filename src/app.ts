import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import access, { readCertificate } from '../plugins/access.ts'
import collectors from '../plugins/collectors.ts'
import { loadConfig } from '../plugins/config.ts'
import { openDb } from '../plugins/db.ts'
import debug from '../plugins/debug.ts'
import health from '../plugins/health.ts'
import { openLeader } from '../plugins/leader.ts'
import page from '../plugins/page.ts'
import { openInspector, openRound } from '../plugins/round.ts'
import { openState } from '../plugins/state.ts'
import { openTicker } from '../plugins/tick.ts'
import type { DatabaseSettings } from './config/databases.ts'
import type { Config, Environment } from './config/read.ts'
import { loadFolder } from './contract/folder.ts'
import type { Database } from './database.ts'
import type { Tally } from './leader/leadership.ts'
import { Collectors } from './round/collectors.ts'

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

/** The service, not yet listening and not yet ticking. Rejects when its configuration or a collector is wrong. */
export async function buildApp({
  env,
  folder = COLLECTORS,
  logger = true,
}: AppOptions = {}): Promise<FastifyInstance> {
  const { config, environment } = await loadConfig(env)
  // A line for every scrape would hide the others. While a last round ends, scrapes still get their page.
  const logController = new LogController({ disableRequestLogging: true })
  const app: FastifyInstance = Fastify({
    logger,
    logController,
    return503OnClosing: false,
    pluginTimeout: PLUGIN_TIMEOUT,
    ...LIMITS,
    ...listener(config),
  })
  app.decorate('config', config)
  app.decorate('environment', environment)
  app.log.level = config.LOG_LEVEL
  app.addHook('onError', async (request, _reply, error) => {
    app.log.error(error, `request failed: ${request.method} ${request.url}`)
  })
  try {
    const files = await loadFolder(folder)
    const databases: Database[] = []
    app.decorate('databases', databases)
    await app.register(access)
    await app.register(page)
    await app.register(health)
    await app.register(debug)
    const tally: Tally = { held: 0 }
    for (const [index, settings] of config.databases.entries()) {
      databases.push(openDatabase(app, settings, index, tally))
    }
    run(app)
    const paths = files.flatMap(({ collector, path }) =>
      collector === undefined ? [] : [[collector.name, path] as const],
    )
    await app.register(collectors, { files: new Map(paths) })
    for (const { plugin } of files) await app.register(plugin)
    return app
  } catch (error) {
    await app.close()
    throw error
  }
}

/** Puts together what belongs to one database. Nothing connects before its ticker starts. */
function openDatabase(
  { config, log: root, page }: FastifyInstance,
  { name, url, quorum }: DatabaseSettings,
  index: number,
  tally: Tally,
): Database {
  const log = name === undefined ? root : root.child({ database: name })
  const tick = config.METRICS_TICK_DURATION
  const concurrency = config.COLLECTOR_CONCURRENCY
  const budget = config.COLLECTOR_MAX_SERIES
  const databases = config.databases.length
  const db = openDb({ url, quorum, concurrency, tick, waitTimeout: config.DATABASE_WAIT_TIMEOUT, log })
  const collectors = new Collectors({
    database: name,
    tick,
    timeout: config.COLLECTOR_TIMEOUT,
    staleAfter: config.COLLECTOR_STALE_AFTER,
  })
  const state = openState({ file: config.STATE_FILE, maxAge: config.STATE_MAX_AGE, name, collectors, log })
  const leader = openLeader({ db, name, elects: config.LEADER_ELECTION, tick, databases, tally, log })
  const round = openRound({ name, db, collectors, state, leader, page, concurrency, budget, log })
  const inspector = openInspector({ db, budget, tick })
  const ticker = openTicker({ name, db, collectors, leader, round, page, tick, index, databases, log })
  return { name, db, collectors, state, leader, round, inspector, ticker }
}

/** Starts and stops what belongs to databases with the app: rounds end first, then the lead, then connections. */
function run(app: FastifyInstance): void {
  const each = async (work: (database: Database) => unknown) => {
    await Promise.all(app.databases.map(work))
  }
  app.addHook('onReady', () => each(({ state }) => state.load()))
  app.addHook('preClose', () =>
    each(({ ticker, inspector }) => {
      inspector.cancel()
      return ticker.stop()
    }),
  )
  app.addHook('onClose', () =>
    each(async ({ leader, db }) => {
      await leader.stop()
      await db.close()
    }),
  )
}

function listener(config: Config): object {
  if (config.TLS_CERT_FILE === undefined) return { http: HEADERS }
  // A client without a certificate gets as far as the probes: the doors keep it from the rest.
  const clients = { requestCert: config.TLS_CLIENT_CA_FILE !== undefined, rejectUnauthorized: false }
  return { https: { ...readCertificate(config), ...clients, ...HEADERS } }
}
