import { defineCollector, gauge, open } from '../src/collector.ts'

/** How many installations are live: their sum over all labels is the total, across all projects. */
export default defineCollector({
  name: 'installations',
  labels: { provider: open(200), health_status: ['healthy', 'unhealthy', 'other'] },
  metrics: { business_installations_active: gauge('Installations that are not deleted.') },
  query: (sql) => sql`
    SELECT integrations.provider, installations.health_status, count(*) AS business_installations_active
      FROM installations
      JOIN integrations ON integrations.id = installations.integration_id
     WHERE installations.delete_time IS NULL
     GROUP BY integrations.provider, installations.health_status`,
})
