import type { Sql } from 'postgres'
import { poll } from './poll.ts'

/** How many backends of the service there are in a database. */
export async function countBackends(sql: Sql, database: string): Promise<number> {
  const found = await sql`
    SELECT FROM pg_stat_activity WHERE application_name = 'metrics-service' AND datname = ${database}`
  return found.length
}

/** Waits until a backend of the service in a database waits for a lock, or for what this wait event type is. */
export async function untilBlocked(sql: Sql, database: string, type = 'Lock'): Promise<void> {
  await poll(
    () => sql`
      SELECT FROM pg_stat_activity
       WHERE application_name = 'metrics-service' AND datname = ${database} AND wait_event_type = ${type}`,
    (blocked) => blocked.length > 0,
  )
}
