import { defineCollector, gauge } from '../src/collector.ts'

/** How many installations ought to work and do not show it. */
export default defineCollector({
  name: 'installations-without-success',
  metrics: {
    business_installations_without_recent_success: gauge(
      'Installations, not deleted and at least a day old, without a successful operation in the last 24 hours.',
    ),
  },
  // It looks into the operations of every installation, one after the other.
  interval: '5m',
  query: (sql) => sql`
    SELECT count(*) AS business_installations_without_recent_success
      FROM installations
     WHERE delete_time IS NULL
       AND create_time <= now() - interval '1 day'
       AND NOT EXISTS (
             SELECT
               FROM operations
              WHERE operations.installation_id = installations.id
                AND operations.status = 'success'
                AND operations.create_time > now() - interval '24 hours'
           )`,
})
