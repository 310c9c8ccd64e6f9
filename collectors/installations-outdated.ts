import { defineCollector, gauge, open } from '../src/collector.ts'

/** How many installations still run an old revision of their integration. */
export default defineCollector({
  name: 'installations-outdated',
  labels: { provider: open(200) },
  metrics: {
    business_installations_outdated: gauge(
      'Installations, not deleted, that are not on the latest revision.',
    ),
  },
  query: (sql) => sql`
    SELECT integrations.provider,
           count(*) FILTER (
             WHERE installations.config_revision_id IS DISTINCT FROM integrations.latest_revision_id
           ) AS business_installations_outdated
      FROM installations
      JOIN integrations ON integrations.id = installations.integration_id
     WHERE installations.delete_time IS NULL
     GROUP BY integrations.provider`,
})
