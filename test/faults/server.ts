import { readFileSync } from 'node:fs'
import postgresJs, { type Sql } from 'postgres'
import type { Test } from 'tap'
import { type Postgres, startPostgres } from '../../demo/postgres.ts'

const SCHEMA = readFileSync(new URL('../../demo/schema.sql', import.meta.url), 'utf8')

/** A sample that is 1 in a database that was filled. */
export const VALUE = 'business_destinations{type="s3"}'

/** A PostgreSQL server of the test's own, whose database `postgres` has the tables and a row to count. */
export async function createServer(t: Test, flags: string[] = []): Promise<Postgres> {
  const postgres = await startPostgres({ flags })
  t.teardown(() => postgres.destroy())
  const sql = client(t, postgres.url)
  await sql.unsafe(SCHEMA)
  await fill(sql)
  await sql.end()
  return postgres
}

/** A client of the test's own, of one connection. */
export function client(t: Test, url: string): Sql {
  const sql = postgresJs(url, { max: 1, backoff: false, fetch_types: false, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 0 }))
  return sql
}

export async function createTables(sql: Sql): Promise<void> {
  await sql.unsafe(SCHEMA)
}

/** One project with one destination. */
export async function fill(sql: Sql): Promise<void> {
  await sql`INSERT INTO projects (org_id, name, app_name) VALUES (gen_random_uuid(), 'one', 'one')`
  await sql`INSERT INTO destinations (project_id, name, type) SELECT id, 'one', 's3' FROM projects`
}
