import { crc32 } from 'node:zlib'
import type { LeaderLock, LockState } from '../../src/leader/lock.ts'
import type { Db, Session } from '../../src/query/db.ts'

/** The first key of the service's advisory locks: "metr". */
const CLASS = 0x6d657472

/** What a look finds of the locks, and the server process that it was asked of. */
interface Found extends LockState {
  readonly pid: number
}

/**
 * The lock of one database's leader, through a session of its own: it ends with that, and the server ends one that asks
 * nothing for as long as a lease. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export class Lock implements LeaderLock {
  readonly #session: Session
  /** The second keys: one that a single session holds, and one that every session holds that would. */
  readonly #leader: number
  readonly #member: number
  readonly #pid: number

  private constructor(session: Session, leader: number, pid: number) {
    this.#session = session
    this.#leader = leader
    this.#member = leader + 1
    this.#pid = pid
  }

  /** `name` is that of the database, `lease` is in milliseconds. Rejects when there is no endpoint that can be written to, or it does not answer. */
  static async open(
    db: Pick<Db, 'primary'>,
    name: string | undefined,
    lease: number,
    signal: AbortSignal,
  ): Promise<Lock> {
    const session = await db.primary(signal)
    try {
      // Of one server's databases each has locks of its own; but of one database there may be two names.
      const leader = (crc32(name ?? '') & 0x3fff_ffff) * 2
      await session.limitIdle(lease)
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

  /** Asks who holds the lock. */
  async look(): Promise<LockState> {
    const [found] = await this.#session.run(
      (sql) => sql<[Found]>`
        SELECT pg_backend_pid() AS pid,
               (count(*) FILTER (WHERE objid = ${this.#member}::bigint))::int AS members,
               coalesce(bool_or(objid = ${this.#leader}::bigint), false) AS held,
               coalesce(bool_or(objid = ${this.#leader}::bigint AND pid = pg_backend_pid()), false) AS mine
          FROM pg_locks
         WHERE locktype = 'advisory' AND classid = ${CLASS} AND objsubid = 2 AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    if (found.pid !== this.#pid) {
      throw new Error(
        'its session changes sessions, as one through a pooler of transactions does: LEADER_ELECTION needs one that does not',
      )
    }
    return found
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
