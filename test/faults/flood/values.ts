import { defineCollector, gauge, open } from '../../../src/collector.ts'

export default defineCollector({
  name: 'values',
  labels: { customer: open(200) },
  metrics: { business_values: gauge('A hundred thousand customers, of whom 200 keep a series.') },
  query: (sql) => sql`
    SELECT 'customer-' || n AS customer, n AS business_values
      FROM generate_series(1, 100000) AS n`,
})
