import type { Sql } from 'postgres'
import type { Test } from 'tap'
import { poll } from './poll.ts'

/** How many backends of the service there are in a database. */
export async function countBackends(sql: Sql, database: string): Promise<number> {
  const found = await sql`
    SELECT FROM pg_stat_activity WHERE application_name = 'metrics-service' AND datname = ${database}`
  return found.length
}

/**
 * Waits until this number is left in the database of a client: that of a vote may be about to end, and a server notices in its
 * own time that a client is gone.
 */
export async function untilLeft(t: Test, sql: Sql, count: number): Promise<void> {
  await poll(
    () => countBackends(sql, sql.options.database),
    (left) => left === count,
  )
  t.pass(`${count} backends are left`)
}

/** Waits until a backend of the service in a database waits for a lock, or for what this wait event type is. Returns who does. */
export async function untilBlocked(sql: Sql, database: string, type = 'Lock'): Promise<number[]> {
  const blocked = await poll(
    () => sql<{ pid: number }[]>`
      SELECT pid FROM pg_stat_activity
       WHERE application_name = 'metrics-service' AND datname = ${database} AND wait_event_type = ${type}`,
    (blocked) => blocked.length > 0,
  )
  return blocked.map(({ pid }) => pid)
}
