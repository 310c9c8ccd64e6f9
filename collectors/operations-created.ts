import { counter, defineCollector } from '../src/collector.ts'

/** How much is asked of the platform. */
export default defineCollector({
  name: 'operations-created',
  labels: { action_type: ['read', 'write', 'subscribe', 'other'] },
  metrics: { business_operations_created_total: counter('Operations that were created.') },
  window: { settle: '10m' },
  query: (sql, { from, to }) => sql`
    SELECT action_type, count(*) AS business_operations_created_total
      FROM operations
     WHERE create_time > ${from} AND create_time <= ${to}
     GROUP BY action_type`,
})
