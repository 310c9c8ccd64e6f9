import { counter, defineCollector } from '../src/collector.ts'

/** How many payments there are, and how much money. */
export default defineCollector({
  name: 'payments',
  labels: { method: ['card', 'transfer', 'other'], outcome: ['succeeded', 'declined', 'other'] },
  metrics: {
    business_payments_total: counter('Payments that were tried.'),
    business_payments_euros_total: counter('Amount of the payments that were tried.'),
  },
  window: { settle: '10m' },
  query: (sql, { from, to }) => sql`
    SELECT method, outcome,
           count(*) AS business_payments_total,
           sum(amount) AS business_payments_euros_total
      FROM payments
     WHERE create_time > ${from} AND create_time <= ${to}
     GROUP BY method, outcome`,
})
