import { defineCollector, gauge } from '../src/collector.ts'

/** Which part of the payments is declined: both numbers, for Prometheus to divide. */
export default defineCollector({
  name: 'payment-outcomes',
  labels: { method: ['card', 'transfer', 'other'] },
  metrics: {
    business_payments_recent: gauge('Payments that were tried in the last hour.'),
    business_payments_declined_recent: gauge('Payments that were tried in the last hour and declined.'),
  },
  query: (sql) => sql`
    SELECT method,
           count(*) AS business_payments_recent,
           count(*) FILTER (WHERE outcome = 'declined') AS business_payments_declined_recent
      FROM payments
     WHERE create_time > now() - interval '1 hour'
     GROUP BY method`,
})
