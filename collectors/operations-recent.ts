import { defineCollector, gauge } from '../src/collector.ts'

/** What happened lately, asked again each time: it corrects itself when rows arrive very late. */
export default defineCollector({
  name: 'operations-recent',
  labels: {
    window: ['1h', '24h'],
    action_type: ['read', 'write', 'subscribe', 'other'],
    status: ['in_progress', 'success', 'failure', 'other'],
  },
  metrics: {
    business_operations_recent: gauge('Operations created within the window, by their status now.'),
  },
  // A day of operations is millions of rows.
  interval: '5m',
  query: (sql) => sql`
    SELECT spans.name AS "window", action_type, status, count(*) AS business_operations_recent
      FROM operations
      JOIN (VALUES ('1h', interval '1 hour'), ('24h', interval '24 hours')) AS spans (name, span)
        ON operations.create_time > now() - spans.span
     WHERE operations.create_time > now() - interval '24 hours'
     GROUP BY spans.name, action_type, status`,
})
