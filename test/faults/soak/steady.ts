import { defineCollector, gauge } from '../../../src/collector.ts'

export default defineCollector({
  name: 'steady',
  metrics: { business_steady: gauge('A value that stays, whatever the others do.') },
  query: (sql) => sql`
    SELECT 7 AS business_steady`,
})
