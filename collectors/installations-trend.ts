import { counter, defineCollector } from '../src/collector.ts'

/** How many installations come and go. */
export default defineCollector({
  name: 'installations-trend',
  metrics: {
    business_installations_created_total: counter('Installations that were created.'),
    business_installations_deleted_total: counter('Installations that were deleted.'),
  },
  window: { settle: '10m' },
  query: (sql, { from, to }) => sql`
    SELECT (SELECT count(*)
              FROM installations
             WHERE create_time > ${from} AND create_time <= ${to}) AS business_installations_created_total,
           (SELECT count(*)
              FROM installations
             WHERE delete_time > ${from} AND delete_time <= ${to}) AS business_installations_deleted_total`,
})
