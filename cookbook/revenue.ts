import { defineCollector, gauge, timestamp } from '../src/collector.ts'

/** What came in, as of the last refresh of the view. */
export default defineCollector({
  name: 'revenue',
  labels: { plan: ['starter', 'team', 'enterprise', 'other'] },
  metrics: {
    business_revenue_recent_euros: gauge('Amount of the invoices that were paid in the last 30 days.'),
    business_revenue_refresh_timestamp_seconds: timestamp('When the revenue was last computed.', {
      fold: 'min',
    }),
  },
  query: (sql) => sql`
    SELECT plan,
           amount AS business_revenue_recent_euros,
           extract(epoch FROM refresh_time) AS business_revenue_refresh_timestamp_seconds
      FROM revenue_by_plan`,
})
