import { counter, defineCollector } from '../src/collector.ts'

/** How often the platform has to try again. */
export default defineCollector({
  name: 'operations-retried',
  labels: { action_type: ['read', 'write', 'subscribe', 'other'] },
  metrics: {
    business_operations_retried_total: counter('Operations that finished after at least one retry.'),
  },
  window: { settle: '10m' },
  query: (sql, { from, to }) => sql`
    SELECT action_type, count(*) AS business_operations_retried_total
      FROM operations
     WHERE finish_time > ${from} AND finish_time <= ${to}
       AND jsonb_typeof(metadata -> 'retry' -> 'attempts') = 'number'
       AND (metadata -> 'retry' -> 'attempts')::numeric > 0
     GROUP BY action_type`,
})
