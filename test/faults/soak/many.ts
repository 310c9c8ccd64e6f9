import { defineCollector, gauge, open } from '../../../src/collector.ts'

export default defineCollector({
  name: 'many',
  labels: { customer: open(200), status: ['good', 'bad', 'other'] },
  metrics: { business_many: gauge('Other customers at each round; some have no room, some rows no value.') },
  query: (sql) => sql`
    SELECT 'customer-' || (n + extract(epoch FROM now())::bigint % 1000) AS customer, 'good' AS status,
           CASE WHEN n % 50 = 0 THEN NULL ELSE n END AS business_many
      FROM generate_series(1, 300) AS n`,
})
