import { defineCollector, gauge, timestamp } from '../src/collector.ts'

/** The backlog: how much there is, how old it is, and what is unlikely to end by itself. */
export default defineCollector({
  name: 'operations-in-progress',
  labels: { action_type: ['read', 'write', 'subscribe', 'other'] },
  metrics: {
    business_operations_in_progress: gauge('Operations that have not finished.'),
    business_operations_oldest_in_progress_timestamp_seconds: timestamp(
      'When the oldest operation that has not finished was created.',
      { fold: 'min' },
    ),
    business_operations_stuck: gauge(
      'Operations that have not finished for over 6 hours; for writes, which are retried for 48, over 49.',
    ),
  },
  query: (sql) => sql`
    SELECT action_type,
           count(*) AS business_operations_in_progress,
           extract(epoch FROM min(create_time)) AS business_operations_oldest_in_progress_timestamp_seconds,
           count(*) FILTER (
             WHERE create_time < now() - CASE action_type
                                           WHEN 'write' THEN interval '49 hours'
                                           ELSE interval '6 hours'
                                         END
           ) AS business_operations_stuck
      FROM operations
     WHERE status = 'in_progress'
     GROUP BY action_type`,
})
