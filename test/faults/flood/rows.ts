import { defineCollector, gauge, open } from '../../../src/collector.ts'

export default defineCollector({
  name: 'rows',
  labels: { customer: open(200) },
  metrics: { business_rows: gauge('Ten million rows, for want of a GROUP BY.') },
  query: (sql) => sql`
    SELECT 'customer-' || n AS customer, 1 AS business_rows
      FROM (SELECT generate_series(1, 10000000) AS n) AS numbers`,
})
