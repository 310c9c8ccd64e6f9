import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'
import { formatMoment, later, type Moment } from '../src/time/moment.ts'

/** Milliseconds. */
const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

/** How far the past goes back. */
const PAST = 120 * DAY
/** No operation takes longer. */
const LONGEST = 10 * MINUTE
/** Operations created a minute in the recent past, and in the last second on top of that. */
const PACE = 700
const BURST = 120

const SCHEMA = fileURLToPath(new URL('../demo/schema.sql', import.meta.url))

/**
 * Fills a fresh database with the demo's schema and a number of operations, in the order in which they were created. Their
 * number makes the past denser and changes nothing else: what was created or finished less than `recent` milliseconds
 * before `now` is always the same, and so are the other tables.
 */
export async function fillHistory(sql: Sql, operations: number, now: Moment, recent: number): Promise<void> {
  await sql.file(SCHEMA)
  await createInstallations(sql, now)
  // What was created before the recent past may finish in it.
  const traffic = recent + LONGEST
  const recents = Math.round((PACE * traffic) / MINUTE)
  if (operations < recents + BURST) throw new Error(`${operations} operations are fewer than the recent ones`)
  // Nothing here outlives a crash, and indexes are built faster than they are kept.
  await sql`ALTER TABLE operations SET UNLOGGED`
  const rebuild = await strip(sql)
  const history = { count: operations - recents - BURST, end: later(now, -traffic), span: PAST }
  await createOperations(sql, now, history)
  await createOperations(sql, now, { count: recents, end: now, span: traffic })
  await createOperations(sql, now, { count: BURST, end: now, span: SECOND })
  for (const statement of rebuild) await sql.unsafe(statement)
  await sql`VACUUM (ANALYZE)`
}

/**
 * Has the planner take the operations for this many, with the pace of the recent past in all of it: its statistics say so, and nothing
 * is added. The table has the pages that it has, so that reading all of it seems cheaper than it would be.
 * https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-STATSMOD
 */
export async function pretendOperations(sql: Sql, operations: number): Promise<void> {
  await sql`
    UPDATE pg_class
       SET reltuples = reltuples * ${operations}::float8 / (SELECT reltuples FROM pg_class WHERE oid = 'operations'::regclass)
     WHERE oid = 'operations'::regclass
        OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'operations'::regclass)`
  for (const column of ['create_time', 'finish_time']) {
    await sql`
      WITH known AS (
        SELECT schemaname, histogram_bounds::text::timestamptz[] AS bounds
          FROM pg_stats
         WHERE schemaname = current_schema() AND tablename = 'operations' AND attname = ${column}
      ), ends AS (
        SELECT schemaname, bounds[1] AS first, bounds[cardinality(bounds)] AS last, cardinality(bounds) - 1 AS count
          FROM known
      )
      SELECT pg_restore_attribute_stats(
               'schemaname', schemaname::text, 'relname', 'operations', 'attname', ${column}::text, 'inherited', false,
               'histogram_bounds', array_agg(first + (last - first) * n / count ORDER BY n)::text
             )
        FROM ends, generate_series(0, count) AS n
       GROUP BY schemaname`
  }
}

/** Takes the keys and indexes off the operations, and says how to make them again: as the schema has them. */
async function strip(sql: Sql): Promise<string[]> {
  // The rows fit the foreign keys as they are made, so they need not be checked against them.
  const keys = await sql<{ drop: string; make: string }[]>`
    SELECT format('ALTER TABLE operations DROP CONSTRAINT %I', conname) AS drop,
           format('ALTER TABLE operations ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
             || CASE contype WHEN 'f' THEN ' NOT VALID' ELSE '' END AS make
      FROM pg_constraint
     WHERE conrelid = 'operations'::regclass AND contype IN ('p', 'f')`
  for (const { drop } of keys) await sql.unsafe(drop)
  // Those of the keys have gone with them.
  const indexes = await sql<{ drop: string; make: string }[]>`
    SELECT format('DROP INDEX %I', indexname) AS drop, indexdef AS make
      FROM pg_indexes
     WHERE tablename = 'operations'`
  for (const { drop } of indexes) await sql.unsafe(drop)
  return [...indexes, ...keys].map(({ make }) => make)
}

/** 500 projects with 2,500 integrations of 60 providers, 20,000 connections, an installation each. */
async function createInstallations(sql: Sql, now: Moment): Promise<void> {
  const end = formatMoment(now)
  await sql`
    INSERT INTO projects (id, org_id, name, app_name)
    SELECT md5('project' || n)::uuid, gen_random_uuid(), 'project-' || n, 'Project ' || n
      FROM generate_series(1, 500) AS n`
  await sql`
    INSERT INTO integrations (id, project_id, name, provider)
    SELECT md5('integration' || n)::uuid, md5('project' || 1 + n % 500)::uuid, 'integration-' || n,
           'provider-' || n % 60
      FROM generate_series(1, 2500) AS n`
  await sql`
    INSERT INTO connections (id, project_id, provider, group_ref, consumer_ref, auth_scheme, status, create_time,
                             delete_time)
    SELECT md5('connection' || n)::uuid, project_id, provider, 'group-' || n / 3, 'user-' || n, 'apiKey', 'working',
           ${end}::timestamptz - n * interval '500 seconds',
           CASE WHEN n % 20 = 0 THEN ${end}::timestamptz - n * interval '50 seconds' END
      FROM generate_series(1, 20000) AS n
      JOIN integrations ON integrations.id = md5('integration' || 1 + n % 2500)::uuid`
  await sql`
    INSERT INTO installations (id, project_id, integration_id, connection_id, group_ref, config_revision_id,
                               created_by, create_time, delete_time)
    SELECT md5('installation' || n)::uuid, connections.project_id, md5('integration' || 1 + n % 2500)::uuid,
           connections.id, group_ref, gen_random_uuid(), consumer_ref, connections.create_time,
           connections.delete_time
      FROM generate_series(1, 20000) AS n
      JOIN connections ON connections.id = md5('connection' || n)::uuid`
  // With statistics, so that a join to it hashes these few and leaves the operations in their order.
  await sql`
    CREATE TEMPORARY TABLE placed AS
    SELECT row_number() OVER (ORDER BY id)::int AS place, id, project_id, integration_id, config_id
      FROM installations`
  await sql`ANALYZE placed`
}

/** A number of operations, evenly over the `span` milliseconds before `end`. */
interface Traffic {
  readonly count: number
  readonly end: Moment
  readonly span: number
}

/** Half of them take under 3 seconds; those that have not finished by now are in progress. */
async function createOperations(sql: Sql, now: Moment, { count, end, span }: Traffic): Promise<void> {
  // OFFSET 0 keeps the planner from writing an expression out wherever its name is used.
  await sql`
    WITH timed AS (
      SELECT n, (1 + n * 7919 % 20000)::int AS place,
             ${formatMoment(end)}::timestamptz
               - interval '1 second' * (${span / SECOND}::float8 * (${count}::int - n) / ${count}::int)
               AS begin_time,
             interval '1 second' * (${LONGEST / SECOND}::float8 * ((n * 7919 % 1000) / 1000.0::float8) ^ 8)
               AS duration
        FROM generate_series(1, ${count}::bigint) AS n
      OFFSET 0
    ), ended AS (
      SELECT timed.*, begin_time + duration <= ${formatMoment(now)}::timestamptz AS done
        FROM timed
      OFFSET 0
    )
    INSERT INTO operations (project_id, integration_id, installation_id, config_id, action_type, status, result,
                            metadata, create_time, finish_time)
    SELECT project_id, integration_id, id, config_id,
           (ARRAY['read', 'read', 'write', 'read', 'write', 'subscribe'])[1 + n % 6],
           CASE WHEN NOT done THEN 'in_progress' WHEN n % 37 = 0 THEN 'failure' ELSE 'success' END,
           CASE WHEN done AND n % 37 = 0 THEN 'provider timeout' END,
           (ARRAY[
             '{"objects": ["contact"], "progress": {"recordsProcessed": 120}}',
             '{"objects": ["account"], "progress": {"recordsProcessed": 7}}',
             '{"objects": ["lead"], "retry": {"attempts": 1}, "progress": {"recordsProcessed": 40}}',
             '{"objects": ["ticket"]}',
             '{}'
           ]::jsonb[])[1 + n % 5],
           begin_time, CASE WHEN done THEN begin_time + duration END
      FROM ended
      JOIN placed USING (place)`
}
