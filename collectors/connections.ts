import { defineCollector, gauge, open } from '../src/collector.ts'

/** How connections are distributed over their statuses. */
export default defineCollector({
  name: 'connections',
  labels: { provider: open(200), status: ['created', 'working', 'bad_credentials', 'other'] },
  metrics: { business_connections: gauge('Connections that are not deleted.') },
  query: (sql) => sql`
    SELECT provider, status, count(*) AS business_connections
      FROM connections
     WHERE delete_time IS NULL
     GROUP BY provider, status`,
})
