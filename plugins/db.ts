// Database: its endpoints, their quorum, and snapshots of the one in use. Imports src/ and plugins/db/ only.
import type { DatabaseUrl, Endpoint } from '../src/config/database-url.ts'
import { describeError } from '../src/finding.ts'
import type { Log } from '../src/log.ts'
import type { Db, Session } from '../src/query/db.ts'
import { Dialect } from './db/dialect.ts'
import { Endpoints, type StandbyLimits } from './db/endpoints.ts'
import { Pool } from './db/pool.ts'
import { openPrimary } from './db/primary.ts'
import { Questions } from './db/questions.ts'
import { Quorum } from './db/quorum.ts'
import { Selection } from './db/selection.ts'
import { PoolSnapshot } from './db/snapshot.ts'

/** Milliseconds for which an endpoint that could not share a snapshot is not asked to. */
const UNSHARED = 600_000

/** Milliseconds until an endpoint that refused is tried again; at most half a tick, so that the next round tries it. */
const RECONNECT = { first: 250, limit: 5000 }

export interface DbOptions extends StandbyLimits {
  readonly url: DatabaseUrl
  /** How many endpoints must answer before the service starts collecting. */
  readonly quorum: number
  /** How many queries may run at once. */
  readonly concurrency: number
  /** Milliseconds between two rounds. */
  readonly tick: number
  /** Milliseconds after which the wait for the quorum is given up; 0 waits for ever. */
  readonly waitTimeout: number
  readonly log: Pick<Log, 'info' | 'warn'>
}

/**
 * Returns what opens a session that may write, on the first endpoint of a URL that is not a standby. The server ends a
 * statement of it after `patience` milliseconds.
 */
export function openSession(
  url: DatabaseUrl,
  patience: number,
  log: DbOptions['log'],
): (signal: AbortSignal) => Promise<Session> {
  for (const name of url.ignored)
    log.warn({ event: 'configuration' }, `${name} is given for STATE_URL, and changes nothing`)
  const dialect = new Dialect((feature, reason) =>
    log.warn({ event: 'configuration' }, `${feature} is unavailable to STATE_URL: ${reason}`),
  )
  return async (signal) => {
    const session = await openPrimary(url, dialect, signal)
    try {
      const settings = [
        ['search_path', url.searchPath],
        ['statement_timeout', String(Math.ceil(patience))],
      ]
      for (const [name = '', value = ''] of settings) {
        await session.run(
          (sql) => sql`SELECT /* metrics-service */ pg_catalog.set_config(${name}, ${value}, false)`,
        )
      }
      return session
    } catch (error) {
      session.destroy(error)
      throw error
    }
  }
}

/** The connections to one database. None is opened before it is used; `close` ends those that are not in use. */
export function openDb(options: DbOptions): Db {
  const { url, quorum: required, concurrency, tick, waitTimeout, log } = options
  for (const name of url.ignored)
    log.warn({ event: 'configuration' }, `${name} is given for the connection, and changes nothing`)
  const dialect = new Dialect((feature, reason) =>
    log.warn(
      { event: 'configuration' },
      `${feature} is unavailable${feature === 'pg_export_snapshot' ? ', so collectors run one after another' : ''}: ${reason}`,
    ),
  )
  const retry = { ...RECONNECT, limit: Math.min(RECONNECT.limit, tick / 2) }
  // One for each query, and one that leads the snapshot.
  const pool = new Pool({ url, size: concurrency + 1, retry, dialect })
  const endpoints = new Endpoints(url, options)
  const questions = new Questions(new Pool({ url, size: 1, retry, dialect, spares: pool.spares }), endpoints)
  const selection = new Selection({ endpoints, sessionAttrs: url.sessionAttrs, log })
  /** Until when an endpoint is not asked to share a snapshot, in milliseconds of the monotonic clock. */
  const unshared = new Map<Endpoint, number>()
  const quorum = new Quorum({ endpoints, pool, required, single: concurrency === 1, waitTimeout, log })

  return {
    get endpoints() {
      return endpoints.states
    },
    get current() {
      return endpoints.current?.name
    },
    get votes() {
      return endpoints.votes
    },
    required,
    get quorate() {
      return quorum.reached
    },
    waitForQuorum: (signal) => quorum.wait(signal),
    vote: (signal) => quorum.vote(signal),
    forgetCurrent: () => endpoints.forgetCurrent(),
    primary: (signal) => openPrimary(url, dialect, signal),

    async snapshot(signal, avoid = new Map()) {
      for (const [endpoint, error] of avoid) endpoints.markLost(endpoint, error)
      const take = (endpoint: Endpoint) =>
        PoolSnapshot.take({
          pool,
          endpoint,
          sequential: concurrency === 1 || performance.now() < (unshared.get(endpoint) ?? 0),
          signal,
          unshared(error) {
            if (!unshared.has(endpoint)) {
              log.warn(
                { event: 'endpoint', endpoint: endpoint.name },
                `snapshots cannot be shared, so collectors run one after another: ${describeError(error)}`,
              )
            }
            unshared.set(endpoint, performance.now() + UNSHARED)
          },
        })
      return selection.snapshot(take, signal, avoid)
    },

    get asking() {
      return questions.asking
    },
    ask: (...question) => questions.ask(...question),

    renew: () => pool.renew(),

    async close() {
      await questions.close()
      await pool.drain()
    },
  }
}
