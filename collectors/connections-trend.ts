import { counter, defineCollector } from '../src/collector.ts'

/** How many connections come and go. */
export default defineCollector({
  name: 'connections-trend',
  metrics: {
    business_connections_created_total: counter('Connections that were created.'),
    business_connections_deleted_total: counter('Connections that were deleted.'),
  },
  window: { settle: '10m' },
  query: (sql, { from, to }) => sql`
    SELECT (SELECT count(*)
              FROM connections
             WHERE create_time > ${from} AND create_time <= ${to}) AS business_connections_created_total,
           (SELECT count(*)
              FROM connections
             WHERE delete_time > ${from} AND delete_time <= ${to}) AS business_connections_deleted_total`,
})
