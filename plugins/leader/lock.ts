// The leader's advisory lock in PostgreSQL. Imports src/ only.
import { crc32 } from 'node:zlib'
import type { LeaderLock, LockState } from '../../src/leader/lock.ts'
import type { Db, Session } from '../../src/query/db.ts'

/** The first key of the service's advisory locks: "metr". */
const CLASS = 0x6d657472

/** The state of the locks, and the server process that answered. */
interface LockRow extends LockState {
  readonly pid: number
}

/**
 * The lock of one database's leader. It belongs to a session of its own and ends with that; the server ends a session
 * that is idle for a lease. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export class Lock implements LeaderLock {
  readonly #session: Session
  /** The second keys of the locks: the leader holds the first, and every session that may lead shares the second. */
  readonly #leader: number
  readonly #member: number
  readonly #pid: number

  private constructor(session: Session, leader: number, pid: number) {
    this.#session = session
    this.#leader = leader
    this.#member = leader + 1
    this.#pid = pid
  }

  /**
   * Opens the session. `name` is the database's, `lease` is in milliseconds. Rejects when no endpoint accepts writes, or
   * when it does not answer.
   */
  static async open(
    db: Pick<Db, 'primary'>,
    name: string | undefined,
    lease: number,
    signal: AbortSignal,
  ): Promise<Lock> {
    const session = await db.primary(signal)
    try {
      // PostgreSQL keeps advisory locks for each database, but DATABASE_URL may list one database under two names.
      const leader = (crc32(name ?? '') & 0x3fff_ffff) * 2
      await session.restrict(lease)
      const [joined] = await session.run(
        (sql) => sql<[{ pid: number }]>`
          SELECT pg_backend_pid() AS pid, pg_try_advisory_lock_shared(${CLASS}, ${leader + 1}) AS member`,
      )
      return new Lock(session, leader, joined.pid)
    } catch (error) {
      session.destroy(error)
      throw error
    }
  }

  /** Asks the server who holds the lock. */
  async look(): Promise<LockState> {
    const [row] = await this.#session.run(
      (sql) => sql<[LockRow]>`
        SELECT pg_backend_pid() AS pid,
               (count(*) FILTER (WHERE objid = ${this.#member}::bigint))::int AS members,
               coalesce(bool_or(objid = ${this.#leader}::bigint), false) AS held,
               coalesce(bool_or(objid = ${this.#leader}::bigint AND pid = pg_backend_pid()), false) AS mine
          FROM pg_locks
         WHERE locktype = 'advisory' AND classid = ${CLASS} AND objsubid = 2 AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    if (row.pid !== this.#pid) {
      throw new Error(
        'the session changed: LEADER_ELECTION does not work through a pooler in transaction mode',
      )
    }
    return row
  }

  /** Takes the lock if nobody has it. */
  async take(): Promise<boolean> {
    const [{ taken }] = await this.#session.run(
      (sql) => sql<[{ taken: boolean }]>`SELECT pg_try_advisory_lock(${CLASS}, ${this.#leader}) AS taken`,
    )
    return taken
  }

  /** Gives the lock up. */
  async release(): Promise<void> {
    await this.#session.run((sql) => sql`SELECT pg_advisory_unlock(${CLASS}, ${this.#leader})`)
  }

  destroy(reason: unknown): void {
    this.#session.destroy(reason)
  }

  /** Ends the session, and with it the lock. */
  async close(): Promise<void> {
    await this.#session.close()
  }
}
