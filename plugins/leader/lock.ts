// The leader's advisory lock in PostgreSQL. Imports src/ only.
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import type { LeaderLock, Leading, LockState, Notice } from '../../src/leader/lock.ts'
import type { Db, Session } from '../../src/query/db.ts'

/** The state of the locks, and the server process that answered. */
interface LockRow extends Omit<LockState, 'leading' | 'quits'> {
  readonly pid: number
  /** The name of the session that has the lock. */
  readonly name: string | null
}

/** What a session is called that has the lock: since when, in seconds since 1970, and the process and host of its replica. */
const NAME = /^metrics-service (?:leads|quits) (\d+) (\d+) (.*)$/
const QUITS = 'metrics-service quits '
const PREPARED = 'metrics-service is prepared'
/** PostgreSQL cuts the name of a session: https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-APPLICATION-NAME */
const LONGEST_NAME = 63

/**
 * The lock of one database's leader. It belongs to a session of its own and ends with that; the server ends a session
 * that is idle for a lease. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export class Lock implements LeaderLock {
  readonly #session: Session
  /** The keys of the locks: the leader holds the first, and every session that may lead shares the second. */
  readonly #leader: string
  readonly #member: string
  readonly #pid: number
  /** When this session took the lock, in seconds since 1970. */
  #since = 0

  private constructor(session: Session, names: readonly string[], pid: number) {
    this.#session = session
    this.#leader = keyOf('leader', names)
    this.#member = keyOf('member', names)
    this.#pid = pid
  }

  /**
   * Opens the session. `names` are those of the group of replicas and of the database, `lease` is in milliseconds. Rejects
   * when no endpoint accepts writes, or when it does not answer.
   */
  static async open(
    db: Pick<Db, 'primary'>,
    names: readonly string[],
    lease: number,
    signal: AbortSignal,
  ): Promise<Lock> {
    const session = await db.primary(signal)
    try {
      await session.restrict(lease)
      const [joined] = await session.run(
        (sql) => sql<[{ pid: number }]>`
          SELECT /* metrics-service */ pg_catalog.pg_backend_pid() AS pid,
                 pg_catalog.pg_try_advisory_lock_shared(${keyOf('member', names)}::bigint) AS member`,
      )
      return new Lock(session, names, joined.pid)
    } catch (error) {
      session.destroy(error)
      throw error
    }
  }

  /**
   * Asks the server who holds the lock. Any role can hold any advisory lock: only sessions of our own role count as
   * replicas. A session that ends meanwhile has no role any more, and so is nobody's.
   */
  async look(): Promise<LockState> {
    const [row] = await this.#session.run(
      (sql) => sql<[LockRow]>`
        WITH /* metrics-service */ locks AS (
          SELECT lock.pid, activity.usename AS role, activity.usename = current_user AS own,
                 activity.application_name AS name,
                 (lock.classid::bigint << 32) | lock.objid::bigint AS key
            FROM pg_catalog.pg_locks AS lock
            LEFT JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = lock.pid
           WHERE lock.locktype = 'advisory' AND lock.objsubid = 1 AND lock.granted
             AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        )
        SELECT pg_catalog.pg_backend_pid() AS pid,
               (pg_catalog.count(*) FILTER (WHERE key = ${this.#member}::bigint AND own))::int AS members,
               coalesce(pg_catalog.bool_or(key = ${this.#leader}::bigint), false) AS held,
               coalesce(pg_catalog.bool_or(key = ${this.#leader}::bigint AND pid = pg_catalog.pg_backend_pid()), false) AS mine,
               (SELECT pg_catalog.json_build_object('pid', pid, 'role', role)
                  FROM locks
                 WHERE key = ${this.#leader}::bigint AND (pid IS NULL OR NOT own)
                 LIMIT 1) AS foreign,
               (SELECT name FROM locks WHERE key = ${this.#leader}::bigint AND own LIMIT 1) AS name,
               coalesce(pg_catalog.bool_or(key = ${this.#member}::bigint AND own AND name = ${PREPARED}), false) AS prepared
          FROM locks`,
    )
    if (row.pid !== this.#pid) {
      throw new Error(
        'the session changed: LEADER_ELECTION does not work through a pooler that shares sessions or spreads them over servers',
      )
    }
    return { ...row, leading: leadingOf(row.name), quits: row.name?.startsWith(QUITS) ?? false }
  }

  /** Takes the lock if nobody has it, and says in the session's name who has it then. */
  async take(): Promise<boolean> {
    const [{ taken }] = await this.#session.run(
      (sql) => sql<[{ taken: boolean }]>`
        SELECT /* metrics-service */ pg_catalog.pg_try_advisory_lock(${this.#leader}::bigint) AS taken`,
    )
    if (taken) {
      this.#since = Math.floor(Date.now() / 1000)
      await this.#rename(nameOf('metrics-service leads ', this.#since))
    }
    return taken
  }

  /** Tells it by the session's name, which the look of another shows. */
  async tell(notice: Notice): Promise<void> {
    if (notice === undefined)
      await this.#session.run((sql) => sql`RESET /* metrics-service */ application_name`)
    else await this.#rename(notice === 'quits' ? nameOf(QUITS, this.#since) : PREPARED)
  }

  async #rename(name: string): Promise<void> {
    await this.#session.run(
      (sql) => sql`SELECT /* metrics-service */ pg_catalog.set_config('application_name', ${name}, false)`,
    )
  }

  /** Gives the lock up. */
  async release(): Promise<void> {
    await this.#session.run(
      (sql) => sql`SELECT /* metrics-service */ pg_catalog.pg_advisory_unlock(${this.#leader}::bigint)`,
    )
  }

  destroy(reason: unknown): void {
    this.#session.destroy(reason)
  }

  /** Ends the session, and with it the lock. */
  async close(): Promise<void> {
    await this.#session.close()
  }
}

/** What a session is called that has the lock. Of a long host name, the end tells one replica from another. */
function nameOf(what: string, since: number): string {
  const begin = `${what}${since} ${process.pid} `
  return begin + hostname().slice(begin.length - LONGEST_NAME)
}

function leadingOf(name: string | null): Leading | null {
  const [, since, pid, host] = NAME.exec(name ?? '') ?? []
  if (since === undefined || pid === undefined || host === undefined) return null
  return { host, pid: Number(pid), since: new Date(Number(since) * 1000).toISOString() }
}

/**
 * A key that no other service uses by chance: 64 bits of a hash. PostgreSQL keeps advisory locks for each database, but
 * DATABASE_URL may list one database under two names, and several services may read one database. The role is not in it, because replicas with different roles would
 * lead at the same time.
 */
function keyOf(lock: 'leader' | 'member', names: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(['metrics-service', lock, ...names]))
  return String(hash.digest().readBigInt64BE())
}
