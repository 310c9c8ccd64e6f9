import { defineCollector, gauge } from '../../../src/collector.ts'

export default defineCollector({
  name: 'fragile',
  metrics: {
    business_fragile: gauge('A value that stays until its query fails, and some time after that.'),
  },
  query: (sql) => sql`
    SELECT 1 / fine AS business_fragile
      FROM weather`,
})
