import { counter, defineCollector, open } from '../src/collector.ts'

/** How often operations succeed and fail, and how much data they move. */
export default defineCollector({
  name: 'operations-completed',
  labels: {
    provider: open(200),
    action_type: ['read', 'write', 'subscribe', 'other'],
    status: ['success', 'failure', 'other'],
  },
  metrics: {
    business_operations_completed_total: counter('Operations that finished.'),
    business_records_processed_total: counter('Records that operations which finished had processed.'),
  },
  window: { settle: '10m' },
  query: (sql, { from, to }) => sql`
    SELECT integrations.provider,
           operations.action_type,
           operations.status,
           count(*) AS business_operations_completed_total,
           coalesce(sum(
             CASE jsonb_typeof(operations.metadata -> 'progress' -> 'recordsProcessed')
               WHEN 'number' THEN (operations.metadata -> 'progress' -> 'recordsProcessed')::numeric
             END
           ), 0) AS business_records_processed_total
      FROM operations
      JOIN integrations ON integrations.id = operations.integration_id
     WHERE operations.finish_time > ${from} AND operations.finish_time <= ${to}
     GROUP BY integrations.provider, operations.action_type, operations.status`,
})
