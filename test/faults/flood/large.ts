import { defineCollector, gauge, open } from '../../../src/collector.ts'

export default defineCollector({
  name: 'large',
  labels: { customer: open(20_000) },
  metrics: { business_large: gauge('A page of more than a megabyte, which is another after each round.') },
  query: (sql) => sql`
    SELECT 'customer-with-a-long-name-' || n AS customer, n + extract(epoch FROM now()) AS business_large
      FROM generate_series(1, 19000) AS n`,
})
