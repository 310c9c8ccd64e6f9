import type { Sql, TransactionSql } from 'postgres'
import { authSchemes, destinationTypes, failures, objects, projects, providers } from './names.ts'

const batch = 10_000

/**
 * Fills an empty schema, in one transaction. Everything follows from numbers and a seeded chance, so the same call
 * gives the same rows, reckoned from the time it is made at.
 * @param options.operations how many to create over the last eight days
 * @param options.onProgress told after each batch how many there are
 */
export async function seed(
  sql: Sql,
  options: { operations?: number; onProgress?: (operations: number) => void } = {},
): Promise<void> {
  const { operations = 100_000, onProgress } = options
  await sql.begin(async (tx) => {
    await tx`SELECT setseed(0.42)`
    await createProjects(tx)
    await createConnections(tx)
    await createInstallations(tx)
    for (let first = 1; first <= operations; first += batch) {
      const last = Math.min(operations, first + batch - 1)
      await createOperations(tx, first, last)
      onProgress?.(last)
    }
    await leaveSomeStuck(tx)
    await tx`ANALYZE`
  })
}

// A power of random() prefers small numbers: that is what gives every list a few big names and a long tail.

async function createProjects(tx: TransactionSql): Promise<void> {
  await tx`
    INSERT INTO projects (id, org_id, name, app_name, create_time)
    SELECT md5('project' || n)::uuid, md5('org' || n / 2)::uuid, name, initcap(name),
           now() - interval '500 days' - interval '2 years' * random()
      FROM unnest(${projects}::text[]) WITH ORDINALITY AS project (name, n)`
  await tx`
    INSERT INTO integrations (id, project_id, name, provider, latest_revision_id, create_time)
    SELECT md5('integration' || n)::uuid, md5('project' || project)::uuid, provider || '-' || n, provider,
           md5('revision' || n)::uuid, now() - interval '400 days' - interval '100 days' * random()
      FROM (
        SELECT n,
               CASE WHEN n <= 40 THEN n ELSE 1 + floor(40 * random() ^ 1.6)::int END AS project,
               (${providers}::text[])[
                 CASE WHEN n <= 25 THEN n ELSE 1 + floor(25 * random() ^ 2)::int END
               ] AS provider
          FROM generate_series(1, 160) AS n
      ) AS integration`
  await tx`
    INSERT INTO destinations (id, project_id, name, type, create_time, delete_time)
    SELECT md5('destination' || n)::uuid, md5('project' || 1 + n % 40)::uuid, type || '-' || n, type,
           now() - interval '300 days' * random() - interval '10 days',
           CASE WHEN n % 16 = 0 THEN now() - interval '9 days' * random() END
      FROM (
        SELECT n, (${destinationTypes}::text[])[1 + floor(12 * random() ^ 1.5)::int] AS type
          FROM generate_series(1, 60) AS n
      ) AS destination`
}

async function createConnections(tx: TransactionSql): Promise<void> {
  await tx`
    INSERT INTO connections (id, project_id, provider, provider_app_id, group_ref, consumer_ref, auth_scheme, status,
                             provider_workspace_ref, token_expires_at, create_time, delete_time)
    SELECT md5('connection' || n)::uuid, project_id, provider, md5('app' || integration.id)::uuid,
           'group-' || consumer / 3, 'user-' || consumer, auth_scheme,
           CASE
             WHEN n % 1500 = 0 THEN 'suspended'
             WHEN fate < 0.025 THEN 'created'
             WHEN fate < 0.08 THEN 'bad_credentials'
             ELSE 'working'
           END,
           'workspace-' || consumer,
           CASE WHEN auth_scheme LIKE 'oauth2/%' THEN now() + interval '1 hour' * random() END,
           now() - age,
           CASE WHEN random() < 0.08 THEN now() - age * random() END
      FROM (
        SELECT n, 1 + floor(160 * random() ^ 1.7)::int AS i, floor(2000 * random())::int AS consumer,
               (${authSchemes}::text[])[1 + floor(7 * random() ^ 3)::int] AS auth_scheme,
               random() AS fate, interval '300 days' * random() ^ 1.5 AS age
          FROM generate_series(1, 3000) AS n
      ) AS connection
      JOIN integrations AS integration ON integration.id = md5('integration' || i)::uuid
     ORDER BY n`
}

async function createInstallations(tx: TransactionSql): Promise<void> {
  await tx`
    INSERT INTO installations (id, project_id, integration_id, connection_id, group_ref, health_status, config_id,
                               config_revision_id, created_by, create_time, delete_time)
    SELECT md5('installation' || connection_id || integration_id)::uuid, project_id, integration_id, connection_id,
           group_ref,
           CASE WHEN random() < CASE status WHEN 'bad_credentials' THEN 0.6 ELSE 0.02 END
             THEN 'unhealthy' ELSE 'healthy'
           END,
           md5('config' || connection_id || integration_id)::uuid,
           CASE WHEN random() < 0.12 THEN md5('older' || latest_revision_id)::uuid ELSE latest_revision_id END,
           consumer_ref, create_time + (coalesce(delete_time, now()) - create_time) * 0.01 * random(),
           coalesce(delete_time, CASE WHEN random() < 0.04 THEN now() - (now() - create_time) * 0.98 * random() END)
      FROM (
        SELECT connections.*, connections.id AS connection_id, integrations.id AS integration_id, latest_revision_id,
               row_number() OVER (PARTITION BY connections.id ORDER BY integrations.id) AS n
          FROM connections
          JOIN integrations USING (project_id, provider)
         WHERE status <> 'created'
      ) AS installation
     WHERE n = 1 OR n = 2 AND hashtext(connection_id::text) % 5 = 0
     ORDER BY connection_id`
}

/** They belong to live installations, and to no more than 95 % of those: the rest are never used. */
async function createOperations(tx: TransactionSql, first: number, last: number): Promise<void> {
  await tx`
    WITH live AS MATERIALIZED (
      SELECT row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS places, *
        FROM installations
       WHERE delete_time IS NULL
    ), operation AS MATERIALIZED (
      SELECT n, 1 + floor((SELECT 0.95 * max(places) FROM live) * random() ^ 1.6) AS place, random() AS kind,
             interval '8 days' * random() ^ 1.8 AS age, random() AS share, exp(random_normal(0, 1.2)) AS pace,
             random() AS fate
        FROM generate_series(${first}::int, ${last}::int) AS n
    ), timed AS (
      SELECT operation.*, live.*, action.*,
             now() - least(age, share * (now() - live.create_time)) AS begin_time
        FROM operation
        JOIN live USING (place)
        JOIN (VALUES ('read', 0, 0.55, 9), ('write', 0.55, 0.88, 3), ('subscribe', 0.88, 1, 1))
          AS action (action_type, above, below, typical_seconds) ON kind >= above AND kind < below
    ), ended AS (
      SELECT timed.*,
             CASE
               WHEN begin_time + pace * typical_seconds * interval '1 second' > now() THEN 'in_progress'
               WHEN fate < CASE health_status WHEN 'unhealthy' THEN 0.25 ELSE 0.025 END THEN 'failure'
               ELSE 'success'
             END AS outcome
        FROM timed
    )
    INSERT INTO operations (id, project_id, integration_id, installation_id, config_id, action_type, status, result,
                            metadata, create_time, finish_time)
    SELECT md5('operation' || n)::uuid, project_id, integration_id, id, config_id, action_type, outcome,
           CASE outcome WHEN 'failure' THEN (${failures}::text[])[1 + n % 5] END,
           jsonb_strip_nulls(jsonb_build_object(
             'objects', CASE WHEN n % 10 > 0 THEN jsonb_build_array((${objects}::text[])[1 + n % 7]) END,
             'retry', CASE WHEN fate < 0.06 THEN jsonb_build_object('attempts', 1 + n % 3) END,
             'progress', CASE WHEN outcome <> 'failure' AND action_type <> 'subscribe' AND n % 8 > 0
               THEN jsonb_build_object('recordsProcessed', ceil(40 * pace)) END)),
           begin_time,
           CASE WHEN outcome <> 'in_progress' THEN begin_time + pace * typical_seconds * interval '1 second' END
      FROM ended`
}

/** Some operations never finish: reads and subscriptions for over 6 hours, writes for over 49. */
async function leaveSomeStuck(tx: TransactionSql): Promise<void> {
  await tx`
    UPDATE operations
       SET status = 'in_progress', finish_time = NULL, result = NULL
      FROM (
        SELECT id AS stuck_id, row_number() OVER (PARTITION BY action_type ORDER BY id) AS n
          FROM operations
         WHERE create_time < now() - CASE action_type WHEN 'write' THEN interval '49 hours' ELSE interval '6 hours' END
      ) AS stuck
     WHERE id = stuck_id AND n <= CASE action_type WHEN 'read' THEN 6 WHEN 'write' THEN 3 ELSE 2 END`
  await tx`
    UPDATE installations
       SET last_operation_status = last.status
      FROM (SELECT DISTINCT ON (installation_id) installation_id, status
              FROM operations
             ORDER BY installation_id, create_time DESC) AS last
     WHERE id = installation_id`
}
