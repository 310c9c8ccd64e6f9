import { defineCollector, gauge } from '../../../src/collector.ts'

export default defineCollector({
  name: 'statements',
  metrics: { business_prepared_statements: gauge('Statements that are prepared in the session that asks.') },
  query: (sql) => sql`
    SELECT count(*) AS business_prepared_statements
      FROM pg_prepared_statements`,
})
