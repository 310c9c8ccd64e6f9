import t from 'tap'
import { type CollectedSamples, kit } from '#kit'
import { seed } from '../../demo/seed.ts'

/** For each family, the same question asked another way: label columns, then `value`. Zeros may be left out. */
const questions: Record<string, string> = {
  business_installations_active: `
    SELECT (SELECT provider FROM integrations g WHERE g.id = i.integration_id) AS provider,
           CASE WHEN health_status IN ('healthy', 'unhealthy') THEN health_status ELSE 'other' END AS health_status,
           count(*) AS value
      FROM installations i WHERE delete_time IS NULL GROUP BY 1, 2`,
  business_installations_outdated: `
    SELECT g.provider, count(*) AS value
      FROM integrations g, installations i
     WHERE i.integration_id = g.id AND i.delete_time IS NULL AND i.config_revision_id <> g.latest_revision_id
     GROUP BY 1`,
  business_installations_without_recent_success: `
    SELECT count(*) AS value FROM (
      SELECT id FROM installations WHERE delete_time IS NULL AND create_time <= now() - interval '24 hours'
      EXCEPT
      SELECT installation_id FROM operations WHERE status = 'success' AND now() - create_time < interval '24 hours'
    ) AS idle`,
  business_connections: `
    SELECT provider,
           CASE WHEN status IN ('created', 'working', 'bad_credentials') THEN status ELSE 'other' END AS status,
           sum(1) AS value
      FROM connections WHERE delete_time IS NULL GROUP BY 1, 2`,
  business_operations_in_progress: `
    SELECT action_type, count(*) AS value FROM operations WHERE finish_time IS NULL GROUP BY 1`,
  business_operations_oldest_in_progress_timestamp_seconds: `
    SELECT DISTINCT ON (action_type) action_type, extract(epoch FROM create_time)::text AS value
      FROM operations WHERE status = 'in_progress' ORDER BY action_type, create_time`,
  business_operations_stuck: `
    SELECT action_type, count(*) AS value FROM operations
     WHERE status = 'in_progress'
       AND (create_time < now() - interval '49 hours' OR action_type <> 'write' AND create_time < now() - interval '6 hours')
     GROUP BY 1`,
  business_operations_recent: `
    SELECT '1h' AS window, action_type, status, count(*) AS value
      FROM operations WHERE create_time > now() - interval '60 minutes' GROUP BY 2, 3
     UNION ALL
    SELECT '24h', action_type, status, count(*)
      FROM operations WHERE create_time > now() - interval '24 hours' GROUP BY 2, 3`,
  business_active_consumers: `
    SELECT w AS window, count(DISTINCT consumer_ref) AS value
      FROM (VALUES ('1d', 1), ('7d', 7)) AS windows (w, days), operations o, installations i, connections c
     WHERE o.installation_id = i.id AND i.connection_id = c.id AND o.create_time > now() - days * interval '1 day'
     GROUP BY 1`,
  business_active_groups: `
    SELECT w AS window, count(DISTINCT i.group_ref) AS value
      FROM (VALUES ('1d', 1), ('7d', 7)) AS windows (w, days), operations o, installations i
     WHERE o.installation_id = i.id AND o.create_time > now() - days * interval '1 day'
     GROUP BY 1`,
  business_project_operations_recent: `
    WITH ranked AS (
      SELECT name, count(*) AS n, row_number() OVER (ORDER BY count(*) DESC, name COLLATE "C") AS place
        FROM operations o JOIN projects p ON p.id = o.project_id
       WHERE o.create_time > now() - interval '1 hour' GROUP BY name
    )
    SELECT CASE WHEN place <= 20 THEN name ELSE 'other' END AS project, '1h' AS window, sum(n) AS value
      FROM ranked GROUP BY 1`,
  business_destinations: `
    SELECT type, count(*) AS value FROM destinations WHERE delete_time IS NULL GROUP BY 1`,
}

t.test('every gauge on the page equals what SQL says, on the data of the demo', async (t) => {
  const { sql, collect } = await kit(t, { schema: 'demo/schema.sql', collectors: 'collectors' })
  await seed(sql, { operations: 20_000 })

  const ask = async () => {
    const answers: Record<string, number> = {}
    for (const [family, question] of Object.entries(questions)) {
      for (const { value, ...labels } of await sql.unsafe(question)) {
        const pairs = Object.entries(labels).map(([name, text]) => `${name}="${text}"`)
        answers[pairs.length > 0 ? `${family}{${pairs}}` : family] = Number(value)
      }
    }
    return Object.fromEntries(
      Object.entries(answers)
        .filter(([, value]) => value !== 0)
        .sort(),
    )
  }
  // The questions ask for the last hour and the like: the page is compared when no row left one while it was made.
  let before: Record<string, number>
  let samples: CollectedSamples
  let after: Record<string, number>
  do {
    before = await ask()
    samples = await collect()
    after = await ask()
  } while (JSON.stringify(before) !== JSON.stringify(after))

  const names = Object.keys(questions)
  const shown = Object.entries(samples).filter(
    ([name, value]) => value !== 0 && names.includes(name.split('{')[0] ?? ''),
  )
  t.same(Object.fromEntries(shown.sort()), after)
  t.ok(shown.length > 150, 'there is something to compare')
})
