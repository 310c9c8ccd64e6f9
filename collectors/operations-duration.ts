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
  query: (sql, { from, to, observe }) => sql`
    SELECT action_type, status,
           ${observe('business_operation_duration_seconds', sql`extract(epoch FROM finish_time - create_time)`)}
      FROM operations
     WHERE finish_time > ${from} AND finish_time <= ${to}
     GROUP BY action_type, status`,
})
