import { defineCollector, histogram } from '../src/collector.ts'

/** How long operations take. */
export default defineCollector({
  name: 'operations-duration',
  labels: { action_type: ['read', 'write', 'subscribe', 'other'], status: ['success', 'failure', 'other'] },
  metrics: {
    business_operation_duration_seconds: histogram(
      'Time from creation to finish of operations.',
      [1, 5, 15, 60, 300, 900, 3600],
    ),
  },
  window: { settle: '10m' },
  // OFFSET 0 has PostgreSQL compute the seconds once a row, and not once for each bucket.
  query: (sql, { from, to, observe }) => sql`
    SELECT action_type, status, ${observe('business_operation_duration_seconds', sql`seconds`)}
      FROM (
             SELECT action_type, status, extract(epoch FROM finish_time - create_time) AS seconds
               FROM operations
              WHERE finish_time > ${from} AND finish_time <= ${to}
             OFFSET 0
           ) AS finished
     GROUP BY action_type, status`,
})
