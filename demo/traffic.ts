import { setTimeout as delay } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { changes } from './changes.ts'

const beatMs = 200

/**
 * Keeps a seeded database changing, on one connection: operations start and finish, connections break and heal,
 * customers come and go. A database that is away is tried again until it is back.
 * @param options.perSecond operations to start
 */
export function startTraffic(url: string, options: { perSecond?: number } = {}): { stop(): Promise<void> } {
  const { perSecond = 10 } = options
  const sql = postgres(url, {
    max: 1,
    connect_timeout: 5,
    backoff: () => 1,
    connection: { application_name: 'demo-traffic' },
    onnotice: () => {},
  })
  const stopping = new AbortController()

  async function run(): Promise<void> {
    let due = 0
    while (!stopping.signal.aborted) {
      due += (perSecond * beatMs) / 1_000
      try {
        await finishOperations(sql)
        await startOperations(sql, Math.floor(due))
        due %= 1
        for (const { everySeconds, make } of changes) {
          if (Math.random() * everySeconds * 1_000 < beatMs) await make(sql)
        }
      } catch {
        // Most likely the database is away, which a demo invites one to try. What was due is not made up for.
        due = 0
      }
      await delay(beatMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  const ended = run()
  return {
    async stop() {
      stopping.abort()
      await sql.end({ timeout: 1 })
      await ended
    },
  }
}

/** Starts operations of live installations, of some far more often than of others. */
async function startOperations(sql: Sql, count: number): Promise<void> {
  await sql`
    INSERT INTO operations (project_id, integration_id, installation_id, config_id, action_type, metadata)
    SELECT project_id, integration_id, id, config_id,
           (ARRAY['read', 'read', 'read', 'read', 'write', 'write', 'write', 'subscribe'])[1 + floor(8 * random())::int],
           '{"objects": ["contact"]}'
      FROM installations
     WHERE delete_time IS NULL
     ORDER BY -ln(1 - random()) * (1 + (hashtext(id::text) & 63))
     LIMIT ${count}`
}

/** How long an operation takes follows from its id, so that nothing about it has to be remembered here. */
async function finishOperations(sql: Sql): Promise<void> {
  await sql`
    WITH due AS (
      SELECT operations.id, installation_id,
             CASE
               WHEN random() < CASE
                 WHEN connections.status = 'bad_credentials' THEN 0.6
                 WHEN health_status = 'unhealthy' THEN 0.25
                 ELSE 0.025
               END THEN 'failure' ELSE 'success'
             END AS outcome,
             ceil(40 * exp(random_normal())) AS records
        FROM operations
        JOIN installations ON installations.id = installation_id
        JOIN connections ON connections.id = connection_id
       CROSS JOIN LATERAL (SELECT ((hashtext(operations.id::text) & 65535) + 0.5) / 65536 AS luck) AS chance
       WHERE operations.status = 'in_progress'
         AND operations.create_time > now() - interval '6 hours'
         AND operations.create_time < now() - interval '1 second' * (luck / (1 - luck)) ^ 0.7
             * CASE action_type WHEN 'read' THEN 9 WHEN 'write' THEN 3 ELSE 1 END
    ), finished AS (
      UPDATE operations
         SET status = outcome, finish_time = now(),
             result = CASE outcome WHEN 'failure' THEN 'provider error' END,
             metadata = metadata
               || CASE WHEN random() < 0.06 THEN '{"retry": {"attempts": 1}}' ELSE '{}' END::jsonb
               || CASE WHEN outcome = 'success' AND action_type <> 'subscribe'
                    THEN jsonb_build_object('progress', jsonb_build_object('recordsProcessed', records)) ELSE '{}' END
        FROM due
       WHERE operations.id = due.id
    )
    UPDATE installations
       SET last_operation_status = outcome
      FROM due
     WHERE installations.id = installation_id`
}
