import type { Sql } from 'postgres'

/** What happens now and then on the platform. Breaking and healing are in balance, so no status runs dry. */
export const changes: { everySeconds: number; make(sql: Sql): Promise<unknown> }[] = [
  {
    everySeconds: 3,
    make: (sql) => sql`
      UPDATE connections
         SET status = 'bad_credentials', update_time = now()
       WHERE id = (SELECT id
                     FROM connections
                    WHERE delete_time IS NULL AND status = 'working'
                    ORDER BY random()
                    LIMIT 1)`,
  },
  {
    everySeconds: 3,
    make: (sql) => sql`
      UPDATE connections
         SET status = 'working', update_time = now()
       WHERE id = (SELECT id
                     FROM connections
                    WHERE delete_time IS NULL AND status IN ('created', 'bad_credentials')
                    ORDER BY random()
                    LIMIT 1)`,
  },
  {
    everySeconds: 4,
    make: (sql) => sql`
      UPDATE installations
         SET health_status = 'unhealthy', update_time = now()
       WHERE id = (SELECT installations.id
                     FROM installations
                     JOIN connections ON connections.id = connection_id
                    WHERE installations.delete_time IS NULL AND health_status = 'healthy'
                      AND status = 'bad_credentials'
                    ORDER BY random()
                    LIMIT 1)`,
  },
  {
    everySeconds: 4,
    make: (sql) => sql`
      UPDATE installations
         SET health_status = 'healthy', update_time = now()
       WHERE id = (SELECT installations.id
                     FROM installations
                     JOIN connections ON connections.id = connection_id
                    WHERE installations.delete_time IS NULL AND health_status = 'unhealthy' AND status = 'working'
                    ORDER BY random()
                    LIMIT 1)`,
  },
  {
    // A new revision leaves every installation of the integration behind; they catch up one by one.
    everySeconds: 60,
    make: (sql) => sql`
      UPDATE integrations
         SET latest_revision_id = gen_random_uuid(), update_time = now()
       WHERE id = (SELECT id FROM integrations WHERE delete_time IS NULL ORDER BY random() LIMIT 1)`,
  },
  {
    everySeconds: 3,
    make: (sql) => sql`
      UPDATE installations
         SET config_revision_id = latest_revision_id, update_time = now()
        FROM integrations
       WHERE integrations.id = integration_id
         AND installations.id = (SELECT installations.id
                                   FROM installations
                                   JOIN integrations ON integrations.id = integration_id
                                  WHERE installations.delete_time IS NULL
                                    AND config_revision_id <> latest_revision_id
                                  ORDER BY random()
                                  LIMIT 1)`,
  },
  {
    // A new customer of an integration that is in use: a connection, and an installation through it.
    everySeconds: 8,
    make: (sql) => sql`
      WITH model AS (
        SELECT connections.*, integration_id, latest_revision_id, floor(1e9 * random())::int AS consumer
          FROM installations
          JOIN connections ON connections.id = connection_id
          JOIN integrations ON integrations.id = integration_id
         WHERE installations.delete_time IS NULL
         ORDER BY random()
         LIMIT 1
      ), connection AS (
        INSERT INTO connections (project_id, provider, provider_app_id, group_ref, consumer_ref, auth_scheme)
        SELECT project_id, provider, provider_app_id, 'group-' || consumer, 'user-' || consumer, auth_scheme
          FROM model
        RETURNING id, group_ref, consumer_ref
      )
      INSERT INTO installations (project_id, integration_id, connection_id, group_ref, config_revision_id, created_by)
      SELECT project_id, integration_id, connection.id, connection.group_ref, latest_revision_id,
             connection.consumer_ref
        FROM model, connection`,
  },
  {
    // A customer leaves: the connection goes, and every installation through it.
    everySeconds: 10,
    make: (sql) => sql`
      WITH connection AS (
        UPDATE connections
           SET delete_time = now(), update_time = now()
         WHERE id = (SELECT id FROM connections WHERE delete_time IS NULL ORDER BY random() LIMIT 1)
        RETURNING id
      )
      UPDATE installations
         SET delete_time = now(), update_time = now()
        FROM connection
       WHERE connection_id = connection.id AND delete_time IS NULL`,
  },
]
