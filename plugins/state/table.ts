// The table that STATE_URL keeps counters in. Imports src/ only.
import pLimit from 'p-limit'
import type { Sql } from 'postgres'
import { fieldOf } from '../../src/advice.ts'
import { describeError, Mistake } from '../../src/finding.ts'
import type { Session } from '../../src/query/db.ts'
import { DeadlineError, orClose, within } from '../../src/time/deadline.ts'

/** A row of a collector that was claimed. */
export interface Claimed {
  readonly collector: string
  /** How often it was claimed: a write of an earlier claim changes nothing. */
  readonly term: number
  /** The version of its form, and the state in base64; null when nothing was written yet. */
  readonly version: number | null
  readonly state: string | null
}

/** A state to be written. */
export interface Written {
  readonly collector: string
  readonly term: number
  /** Rises with each write of a term: one that arrives late changes nothing. */
  readonly number: number
  readonly version: number
  /** Up to when everything is counted for good. */
  readonly sealed: string
  /** In base64. */
  readonly state: string
}

/** Sessions at once: of a thousand databases, each writes once a tick. */
const SESSIONS = 4
/** undefined_table */
const UNDEFINED_TABLE = '42P01'

/** As docs/deployment.md has it, for a role that may not make it. */
const TABLE = `
  CREATE TABLE IF NOT EXISTS metrics_service_state (
    service     text        NOT NULL,
    database    text        NOT NULL,
    collector   text        NOT NULL,
    term        bigint      NOT NULL,
    number      bigint      NOT NULL DEFAULT 0,
    version     integer,
    sealed      timestamptz,
    write_time  timestamptz,
    state       bytea,
    PRIMARY KEY (service, database, collector)
  )`

/**
 * The table with the states of all databases, and the sessions to reach it. Each statement is a transaction of its own, so
 * that a replica which freezes in the middle holds nothing.
 */
export class StateTable {
  readonly #open: (signal: AbortSignal) => Promise<Session>
  /** Milliseconds for which a statement may take. */
  readonly #patience: number
  readonly #limit = pLimit(SESSIONS)
  readonly #idle: Session[] = []
  readonly #closing = new AbortController()

  constructor(open: (signal: AbortSignal) => Promise<Session>, patience: number) {
    this.#open = open
    this.#patience = patience
  }

  /** Claims the rows of collectors, and reads them. From then on nobody who claimed them before can write them. */
  async claim(service: string, database: string, collectors: readonly string[]): Promise<readonly Claimed[]> {
    const names = JSON.stringify([...collectors].sort())
    const claim = (sql: Sql) => sql<Claimed[]>`
      INSERT INTO metrics_service_state AS kept (service, database, collector, term)
      SELECT ${service}::text, ${database}::text, name, 1
        FROM pg_catalog.json_array_elements_text(${names}::text::json) AS name
          ON CONFLICT (service, database, collector) DO UPDATE
         SET term = kept.term OPERATOR(pg_catalog.+) 1, number = 0
   RETURNING collector, term::float8 AS term, version, pg_catalog.encode(state, 'base64') AS state`
    try {
      return await this.#run(claim)
    } catch (error) {
      if (codeOf(error) !== UNDEFINED_TABLE) throw error
    }
    const problem = await this.#create()
    try {
      return await this.#run(claim)
    } catch (error) {
      throw codeOf(error) === UNDEFINED_TABLE && problem !== undefined ? problem : error
    }
  }

  /** Writes states. Resolves to the collectors whose row is still that of the claim. */
  async write(service: string, database: string, states: readonly Written[]): Promise<readonly string[]> {
    const given = JSON.stringify(states)
    const rows = await this.#run(
      (sql) => sql<{ collector: string }[]>`
      UPDATE metrics_service_state AS kept
         SET number = given.number, version = given.version, sealed = given.sealed, write_time = pg_catalog.now(),
             state = pg_catalog.decode(given.state, 'base64')
        FROM pg_catalog.json_to_recordset(${given}::text::json) AS given (
               collector text, term bigint, number bigint, version integer, sealed timestamptz, state text)
       WHERE kept.service OPERATOR(pg_catalog.=) ${service}::text
         AND kept.database OPERATOR(pg_catalog.=) ${database}::text
         AND kept.collector OPERATOR(pg_catalog.=) given.collector
         AND kept.term OPERATOR(pg_catalog.=) given.term
         AND kept.number OPERATOR(pg_catalog.<=) given.number
   RETURNING kept.collector`,
    )
    return rows.map(({ collector }) => collector)
  }

  /** Keeps a copy of a collector's row in a row of another name. */
  async keep(service: string, database: string, collector: string, copy: string): Promise<void> {
    await this.#run(
      (sql) => sql`
      INSERT INTO metrics_service_state AS kept (service, database, collector, term, version, sealed, write_time, state)
      SELECT service, database, ${copy}::text, 0, version, sealed, write_time, state
        FROM metrics_service_state
       WHERE service OPERATOR(pg_catalog.=) ${service}::text
         AND database OPERATOR(pg_catalog.=) ${database}::text
         AND collector OPERATOR(pg_catalog.=) ${collector}::text
          ON CONFLICT (service, database, collector) DO UPDATE
         SET version = excluded.version, sealed = excluded.sealed, write_time = excluded.write_time,
             state = excluded.state`,
    )
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the service is stopping'))
    await Promise.all(this.#idle.splice(0).map((session) => session.close()))
  }

  /** Makes the table. Resolves to why that is not possible: another replica may just have made it. */
  async #create(): Promise<Error | undefined> {
    try {
      await this.#run((sql) => sql.unsafe(TABLE))
      return undefined
    } catch (error) {
      return new Mistake(
        `there is no table metrics_service_state, and it cannot be made: ${describeError(error)}`,
        'create it as docs/deployment.md shows, and GRANT SELECT, INSERT, UPDATE ON metrics_service_state',
        { cause: error },
      )
    }
  }

  /** Runs a statement in a session that was kept or is new, and again in a new one when the kept one is gone. */
  #run<T>(statement: (sql: Sql) => PromiseLike<T>): Promise<T> {
    return this.#limit(async () => {
      const kept = this.#idle.pop()
      if (kept !== undefined) {
        try {
          return await this.#runIn(kept, statement)
        } catch (error) {
          if (!isGone(error)) throw error
        }
      }
      return this.#runIn(await this.#newSession(), statement)
    })
  }

  /** Opens a session. One that arrives too late is closed. */
  async #newSession(): Promise<Session> {
    const { signal } = this.#closing
    const opening = this.#open(signal)
    const inTime = within(opening, { ms: this.#patience, signal })
    return orClose(opening, inTime, (session) => session.close())
  }

  async #runIn<T>(session: Session, statement: (sql: Sql) => PromiseLike<T>): Promise<T> {
    try {
      const result = await within(session.run(statement), { ms: this.#patience })
      if (this.#closing.signal.aborted) await session.close()
      else this.#idle.push(session)
      return result
    } catch (error) {
      // What did not answer in time must not be written later, behind what is written then.
      session.destroy(error)
      throw error
    }
  }
}

/** Whether a session had ended before a statement was sent, or in it. What did not answer in time is not tried again. */
function isGone(error: unknown): boolean {
  if (error instanceof DeadlineError || !(error instanceof Error)) return false
  return fieldOf(error, 'severity') === undefined || fieldOf(error, 'severity') === 'FATAL'
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? fieldOf(error, 'code') : undefined
}
