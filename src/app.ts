// The app: the plugins in order, and what belongs to each database. Imports src/ and plugins/.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import access, { closeSoon, createListener, readCertificate } from '../plugins/access.ts'
import collectors, { openFolder } from '../plugins/collectors.ts'
import { loadConfig } from '../plugins/config.ts'
import { openDb, openSession } from '../plugins/db.ts'
import debug from '../plugins/debug.ts'
import health from '../plugins/health.ts'
import { openLeader } from '../plugins/leader.ts'
import page from '../plugins/page.ts'
import pause from '../plugins/pause.ts'
import { openInspector, openRound } from '../plugins/round.ts'
import { openState, openStores, type Stores } from '../plugins/state.ts'
import { openTicker } from '../plugins/tick.ts'
import type { DatabaseSettings } from './config/databases.ts'
import type { LogStream } from './config/log-destination.ts'
import { formatOf, openLogger } from './config/logger.ts'
import type { Environment } from './config/read.ts'
import { sayStart } from './config/start.ts'
import type { Database } from './database.ts'
import type { Log } from './log.ts'
import { Collectors } from './round/collectors.ts'
import { Events, keepEvents } from './round/events.ts'
import type { Reload } from './round/reload.ts'

export interface AppOptions {
  /** The environment. The default is that of the process and `.env`. */
  readonly env?: Environment
  /** The folder of collectors, in place of COLLECTORS_FOLDER. */
  readonly folder?: string
  /** Whether to take up what changes in that folder. */
  readonly watch?: boolean
  /** Milliseconds that each file of it has to be loaded. */
  readonly patience?: number
  /** Where the log goes: to the standard output by default, or nowhere. */
  readonly logger?: false | { readonly stream: LogStream }
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Takes up what is new outside of the configuration: credentials, certificates, collectors. It never rejects. */
    reload(): Promise<Reload>
    /** The log, whose lines are kept as events. */
    journal: Log
  }
}

/** Milliseconds that each plugin has to start and to stop: longer than the grace of a running round. */
const PLUGIN_TIMEOUT = 30_000
/** Connections at once, and milliseconds to take a page: far more than there are scrapers, and longer than they wait. */
const LIMITS = { connections: 1000, answer: 120_000 }
/** Milliseconds that a stop waits for another replica to be ready: some look at the lock this rarely, by default. */
const HAND_OVER = 10_000
const SHIPPED = fileURLToPath(new URL('../collectors', import.meta.url))

/**
 * Builds the service, not yet listening and not yet ticking. Rejects when its configuration is wrong, or the folder of
 * collectors cannot be read.
 */
export async function buildApp({
  env,
  folder,
  watch = false,
  patience,
  logger,
}: AppOptions = {}): Promise<FastifyInstance> {
  const { config, environment } = await loadConfig(env)
  // A log line for every scrape would hide the others. Scrapes still get the page while the last round ends.
  const logController = new LogController({ disableRequestLogging: true })
  const encrypted = config.TLS_CERT_FILE !== undefined
  const listener = createListener(LIMITS, encrypted ? readCertificate(config) : undefined)
  const level = logger === false ? 'silent' : config.LOG_LEVEL
  const stream = logger === false ? undefined : logger?.stream
  const loggerInstance: FastifyBaseLogger = await openLogger(formatOf(config.LOG_FORMAT), level, stream)
  // For the address in the log: the server is the listener's.
  const scheme: object = encrypted ? { https: {} } : {}
  const app: FastifyInstance = Fastify({
    loggerInstance,
    logController,
    return503OnClosing: false,
    pluginTimeout: PLUGIN_TIMEOUT,
    ...listener.options,
    ...scheme,
  })
  app.decorate('listener', listener)
  app.decorate('config', config)
  app.decorate('environment', environment)
  app.decorate('events', new Events())
  app.decorate('journal', keepEvents(app.log, app.events))
  app.addHook('onError', async (request, _reply, error) => {
    // What is refused is counted by its status, and is nobody's error here.
    if (error.statusCode !== undefined && error.statusCode < 500) return
    app.journal.error({ event: 'defect', err: error }, `request failed: ${request.method} ${request.url}`)
  })
  try {
    const opened = await openFolder(folderOf(folder ?? config.COLLECTORS_FOLDER), patience)
    const { files, aside } = opened.loaded
    sayStart(app.journal, config, {
      path: opened.folder.path,
      names: files.map(({ name }) => name),
      aside,
    })
    const databases: Database[] = []
    app.decorate('databases', databases)
    await app.register(access)
    await app.register(pause)
    await app.register(page)
    await app.register(health)
    await app.register(debug)
    const shared = { led: new Set(), group: groupOf(app), stores: storesOf(app) }
    for (const [place, settings] of config.databases.entries()) {
      databases.push(openDatabase(app, settings, place, shared))
    }
    app.decorate('reload', () => {
      app.journal.info(
        { event: 'reload' },
        'reload: new database sessions, and certificates and collectors read again',
      )
      app.reloadCertificate()
      for (const { db } of databases) db.renew()
      return app.reloads.reload()
    })
    // It is called last, when nothing is counted any more.
    app.addHook('onClose', () => shared.stores.close())
    addHooks(app)
    await app.register(collectors, { ...opened, watch })
    for (const plugin of app.plainPlugins) await app.register(plugin)
    return app
  } catch (error) {
    await app.close()
    throw error
  }
}

/** What all databases have in common. */
interface Shared {
  /** What this replica leads or is about to lead. */
  readonly led: Set<unknown>
  /** Returns what tells the replicas that elect one leader from those of other services. */
  group(): string
  readonly stores: Stores
}

/**
 * Returns what names the replicas of this service: LEADER_GROUP, or else what all of them have in common when the first is
 * asked for a lead. Services that collect other things share no lock with it.
 */
function groupOf({ config, databases }: FastifyInstance): () => string {
  let group = config.LEADER_GROUP
  return () => {
    const collectors = databases.map(({ name, collectors }) => [
      name,
      collectors.list.map(({ collector }) => collector.name).sort(),
    ])
    group ??= JSON.stringify(collectors)
    return group
  }
}

function storesOf({ config, journal }: FastifyInstance): Stores {
  const { STATE_FILE, STATE_URL, LEADER_GROUP = '', METRICS_TICK_DURATION: tick } = config
  const session = STATE_URL && openSession(STATE_URL, tick / 2, journal)
  return openStores(STATE_FILE, session, LEADER_GROUP, tick)
}

/** The path of the folder of collectors. The default is `collectors`, where the service is started or else where it is. */
function folderOf(given: string | undefined): string {
  const path = resolve(given ?? 'collectors')
  return given === undefined && !existsSync(path) ? SHIPPED : path
}

/** Assembles what belongs to one database. Nothing connects before its ticker starts. */
function openDatabase(
  { config, log: root, events, page, pausing }: FastifyInstance,
  { name, url, quorum }: DatabaseSettings,
  place: number,
  { led, group, stores }: Shared,
): Database {
  const log = keepEvents(name === undefined ? root : root.child({ database: name }), events, name)
  const tick = config.METRICS_TICK_DURATION
  const concurrency = config.COLLECTOR_CONCURRENCY
  const budget = config.COLLECTOR_MAX_SERIES
  const logValues = config.LOG_VALUES
  const databases = config.databases.length
  const db = openDb({
    url,
    quorum,
    concurrency,
    tick,
    waitTimeout: config.DATABASE_WAIT_TIMEOUT,
    maxLag: config.DATABASE_MAX_LAG,
    staleAfter: config.COLLECTOR_STALE_AFTER,
    log,
  })
  const collectors = new Collectors({
    database: name,
    tick,
    timeout: config.COLLECTOR_TIMEOUT,
    staleAfter: config.COLLECTOR_STALE_AFTER,
  })
  const state = openState({
    store: stores.of(name),
    maxAge: config.STATE_MAX_AGE,
    collectors,
    elected: config.LEADER_ELECTION,
    log,
  })
  const leader = openLeader({ db, name, group, elects: config.LEADER_ELECTION, tick, databases, led, log })
  const parts = { name, db, collectors, state, leader, page, pausing, log }
  const round = openRound({ ...parts, concurrency, budget, logValues })
  const inspector = openInspector({ db, budget, tick })
  const ticker = openTicker({ ...parts, round, tick, place, databases })
  return { name, db, collectors, state, leader, round, inspector, ticker }
}

/**
 * Loads and closes the databases with the app. At a stop, rounds end while another replica prepares to take over; then the
 * page goes, then leadership, then connections.
 */
function addHooks(app: FastifyInstance): void {
  const each = async (work: (database: Database) => unknown) => {
    await Promise.all(app.databases.map(work))
  }
  app.addHook('onReady', () => each(({ state }) => state.check()))
  app.addHook('preClose', () =>
    each(({ ticker, inspector, round, leader }) => {
      ticker.stop()
      inspector.cancel()
      return Promise.all([round.stop(), leader.handOver(HAND_OVER)])
    }),
  )
  app.addHook('preClose', async () => closeSoon(app.listener))
  app.addHook('onClose', () =>
    each(async ({ state, leader, db }) => {
      // No scrape is answered any more.
      if (leader.trustedUntil > performance.now()) await state.leave(app.page.scraped)
      await leader.stop()
      await db.close()
    }),
  )
}
