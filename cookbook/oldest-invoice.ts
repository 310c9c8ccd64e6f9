import { defineCollector, timestamp } from '../src/collector.ts'

/** How long the longest wait for money is: `time()` less this. */
export default defineCollector({
  name: 'oldest-invoice',
  labels: { plan: ['starter', 'team', 'enterprise', 'other'] },
  metrics: {
    business_invoices_oldest_unpaid_timestamp_seconds: timestamp(
      'When the oldest invoice was made that is neither paid nor void.',
      { fold: 'min' },
    ),
  },
  query: (sql) => sql`
    SELECT plan, extract(epoch FROM min(create_time)) AS business_invoices_oldest_unpaid_timestamp_seconds
      FROM invoices
     WHERE paid_time IS NULL AND NOT void
     GROUP BY plan`,
})
