import { defineCollector, gauge, open } from '../src/collector.ts'

/** How many seats were sold through which channel. */
export default defineCollector({
  name: 'subscription-seats',
  labels: { channel: open(20) },
  metrics: {
    business_subscriptions: gauge('Subscriptions.'),
    business_subscription_seats: gauge('Seats of the subscriptions that say how many.'),
  },
  query: (sql) => sql`
    SELECT coalesce(settings->>'channel', 'unknown') AS channel,
           count(*) AS business_subscriptions,
           coalesce(
             sum((settings->>'seats')::numeric) FILTER (WHERE jsonb_typeof(settings->'seats') = 'number'),
             0
           ) AS business_subscription_seats
      FROM subscriptions
     GROUP BY 1`,
})
