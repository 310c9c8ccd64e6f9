import { defineCollector, gauge } from '../../../src/collector.ts'

export default defineCollector({
  name: 'constant',
  metrics: { business_constant: gauge('A value that stays, whatever the others do.') },
  query: (sql) => sql`
    SELECT 8 AS business_constant`,
})
