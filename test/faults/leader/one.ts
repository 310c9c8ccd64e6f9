import { defineCollector, gauge } from '../../../src/collector.ts'

export default defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_one`,
})
