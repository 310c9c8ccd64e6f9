import { defineCollector, gauge, open } from '../../src/collector.ts'

/** The one collector of the service that is measured: a series for each row of its table. */
export default defineCollector({
  name: 'customers',
  labels: { customer: open(1_000_000), plan: open(10) },
  metrics: { business_customer_value: gauge('What a customer is worth.') },
  query: (sql) => sql`
    SELECT customer, plan, value AS business_customer_value
      FROM customers`,
})
