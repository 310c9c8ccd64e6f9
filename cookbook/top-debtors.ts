import { defineCollector, gauge, open } from '../src/collector.ts'

/** Who owes the most. */
export default defineCollector({
  name: 'top-debtors',
  labels: { customer: open(10) },
  metrics: { business_debt_euros: gauge('Amount of the invoices that are neither paid nor void.') },
  interval: '5m',
  query: (sql) => sql`
    SELECT customer, sum(amount) AS business_debt_euros
      FROM invoices
     WHERE paid_time IS NULL AND NOT void
     GROUP BY customer`,
})
