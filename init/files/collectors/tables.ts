import { defineCollector, gauge, open } from 'metrics-service'

export default defineCollector({
  name: 'tables',
  labels: { schema: open(20) },
  metrics: { business_tables: gauge('Tables, by their schema.') },
  query: (sql) => sql`
    SELECT schemaname AS schema, count(*) AS business_tables
      FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
     GROUP BY schemaname`,
})
