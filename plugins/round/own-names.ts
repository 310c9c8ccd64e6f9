// Turns from the names of a collector's query to our own. Imports nothing of the service.
import type { ISql } from 'postgres'

/**
 * Resolves to the schemas in which names of collectors' queries are looked up, as PostgreSQL writes an array.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SESSION
 */
export async function schemasOf(sql: ISql): Promise<string> {
  const [{ path } = { path: '{}' }] = await sql<{ path: string }[]>`
    SELECT pg_catalog.current_schemas(false)::text AS path`
  return path
}

/** For the rest of a transaction the questions are our own, and so are their names and operators: PostgreSQL's. */
export async function useOwnNames(sql: ISql): Promise<void> {
  await sql`SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)`
}
