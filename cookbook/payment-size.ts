import { defineCollector, gauge, open } from '../src/collector.ts'

/** How large a payment is, for each of the five methods that are used most. */
export default defineCollector({
  name: 'payment-size',
  labels: { method: open(5) },
  metrics: {
    business_payments_tried_recent: gauge('Payments of the last day.'),
    business_payment_largest_euros: gauge('Largest payment of the last day.', { fold: 'max' }),
    business_payment_largest_declined_euros: gauge('Largest that was declined.', { fold: 'max' }),
  },
  query: (sql) => sql`
    SELECT method,
           count(*) AS business_payments_tried_recent,
           max(amount) AS business_payment_largest_euros,
           max(amount) FILTER (WHERE outcome = 'declined') AS business_payment_largest_declined_euros
      FROM payments
     WHERE create_time > now() - interval '1 day'
     GROUP BY method`,
})
