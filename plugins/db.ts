import type { FastifyBaseLogger } from 'fastify'
import { type DatabaseUrl, type Endpoint, isFit, type Role } from '../src/config/database-url.ts'
import { describeError } from '../src/finding.ts'
import type { Db, EndpointState } from '../src/query/db.ts'
import { backoff } from '../src/time/backoff.ts'
import { pause } from '../src/time/deadline.ts'
import { formatDuration } from '../src/time/duration.ts'
import { Connection } from './db/connection.ts'
import { Dialect } from './db/dialect.ts'
import { Pool } from './db/pool.ts'
import { Snapshot } from './db/snapshot.ts'

/** Milliseconds between two votes of the endpoints that did not make a quorum. */
const RETRY = { first: 500, limit: 10_000 }
/** Milliseconds for which a round leaves an endpoint alone that refused; at most half a tick, for the next to try. */
const RECONNECT = { first: 250, limit: 5000 }

/** What the endpoints of one database are opened with. */
export interface DbOptions {
  readonly url: DatabaseUrl
  /** Endpoints that must answer before the service starts collecting. */
  readonly quorum: number
  /** Collectors that query at once. */
  readonly concurrency: number
  /** Milliseconds of a tick. */
  readonly tick: number
  /** Milliseconds after which the wait for the quorum is given up; 0 waits for ever. */
  readonly waitTimeout: number
  readonly log: FastifyBaseLogger
}

/** Endpoints, quorum and snapshots: the one door to the database. */
export function openDb({
  url,
  quorum: required,
  concurrency,
  tick,
  waitTimeout: patience,
  log,
}: DbOptions): Db {
  const limit = Math.min(RECONNECT.limit, tick / 2)
  const dialect = new Dialect((feature, reason) =>
    log.warn(
      `the database has no ${feature} for the service, which does without${feature === 'pg_export_snapshot' ? ', and runs one collector after another' : ''}: ${reason}`,
    ),
  )
  const pool = new Pool(url, concurrency + 1, { ...RECONNECT, limit }, dialect)
  const states = new Map<Endpoint, EndpointState>(
    url.endpoints.map((endpoint) => [
      endpoint,
      { name: endpoint.name, up: false, role: undefined, error: undefined },
    ]),
  )
  let current: Endpoint | undefined
  let quorate = false
  let voting = false

  const isUp = (endpoint: Endpoint, role: Role) =>
    states.set(endpoint, { name: endpoint.name, up: true, role, error: undefined })
  const isDown = (endpoint: Endpoint, error: unknown) =>
    states.set(endpoint, {
      name: endpoint.name,
      up: false,
      role: undefined,
      error: `${endpoint.name}: ${describeError(error)}`,
    })

  async function ask(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    try {
      const connection = await pool.open(endpoint, signal)
      isUp(endpoint, connection.role)
      await pool.close(connection)
    } catch (error) {
      if (!signal.aborted) isDown(endpoint, error)
    }
  }

  /** 0 for an endpoint that is what `target_session_attrs` asks for, 1 for another that is up, 2 for one that is not. */
  function rank(endpoint: Endpoint): number {
    const role = states.get(endpoint)?.role
    if (role === undefined) return 2
    const wanted = url.sessionAttrs === 'prefer-standby' ? role.inRecovery : isFit(role, url.sessionAttrs)
    return wanted ? 0 : 1
  }

  const database: Db = {
    get endpoints() {
      return [...states.values()]
    },
    get current() {
      return current?.name
    },
    get votes() {
      return database.endpoints.filter(({ up }) => up).length
    },
    required,
    get quorate() {
      return quorate
    },

    async waitForQuorum(signal) {
      const started = performance.now()
      let seen = ''
      for (let attempt = 1; !signal.aborted; attempt++) {
        await Promise.all(url.endpoints.map((endpoint) => ask(endpoint, signal)))
        if (signal.aborted) return
        if (database.votes >= required) {
          quorate = true
          log.info({ votes: database.votes, required }, 'the database has its quorum')
          return
        }
        const reasons = database.endpoints.flatMap(({ error }) => error ?? [])
        if (reasons.join() !== seen) {
          log.warn({ votes: database.votes, required, reasons }, 'waiting for the database quorum')
          seen = reasons.join()
        }
        const waited = performance.now() - started
        if (patience > 0 && waited >= patience) {
          throw new Error(
            `the database had ${database.votes} of ${required} votes after ${formatDuration(patience)} (DATABASE_WAIT_TIMEOUT): ${reasons.join('; ')}`,
          )
        }
        const rest = patience > 0 ? patience - waited : Number.POSITIVE_INFINITY
        await pause(Math.min(backoff(attempt, RETRY), rest), signal)
      }
    },

    async primary(signal) {
      const reasons: string[] = []
      for (const endpoint of url.endpoints) {
        try {
          const connection = await Connection.open(url, endpoint, dialect, signal)
          if (!connection.role.inRecovery) return connection
          reasons.push(`${endpoint.name}: it is a standby`)
          await connection.close()
        } catch (error) {
          signal.throwIfAborted()
          reasons.push(`${endpoint.name}: ${describeError(error)}`)
        }
      }
      throw new Error(reasons.join('; '))
    },

    async vote(signal, leave = false) {
      if (leave) current = undefined
      if (voting) return
      voting = true
      const others = url.endpoints.filter((endpoint) => endpoint !== current)
      await Promise.all(others.map((endpoint) => ask(endpoint, signal)))
      voting = false
    },

    async snapshot(hold, signal, avoid = new Map()) {
      for (const [endpoint, error] of avoid) {
        isDown(endpoint, error)
        // So that the next vote asks it, too: it may be back before the next round.
        if (current === endpoint) current = undefined
      }
      const ranked = url.endpoints
        .filter((endpoint) => !avoid.has(endpoint))
        .sort((a, b) => rank(a) - rank(b) || Number(b === current) - Number(a === current))
      const reasons: string[] = []
      for (const endpoint of ranked) {
        try {
          const snapshot = await Snapshot.take(
            pool,
            endpoint,
            url.connectTimeout,
            hold,
            signal,
            concurrency === 1,
          )
          isUp(endpoint, snapshot.begun)
          if (isFit(snapshot.begun, url.sessionAttrs)) {
            if (current !== endpoint) log.info({ endpoint: endpoint.name }, 'collecting from this endpoint')
            current = endpoint
            return snapshot
          }
          reasons.push(`${endpoint.name}: it is not ${url.sessionAttrs}, as target_session_attrs asks`)
          await snapshot.close()
        } catch (error) {
          signal.throwIfAborted()
          isDown(endpoint, error)
          reasons.push(`${endpoint.name}: ${describeError(error)}`)
        }
      }
      throw new Error(reasons.join('; ') || 'no endpoint is left to try')
    },

    close: () => pool.drain(),
  }
  return database
}
