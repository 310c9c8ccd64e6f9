import { defineCollector, gauge } from '../src/collector.ts'

/** How many consumers and groups use what they have installed. */
export default defineCollector({
  name: 'active',
  labels: { window: ['1d', '7d'] },
  metrics: {
    business_active_consumers: gauge('Distinct consumers with an operation created within the window.'),
    business_active_groups: gauge('Distinct groups with an operation created within the window.'),
  },
  // It looks up the last operation of every installation.
  interval: '5m',
  query: (sql) => sql`
    SELECT spans.name AS "window",
           count(DISTINCT connections.consumer_ref) AS business_active_consumers,
           count(DISTINCT installations.group_ref) AS business_active_groups
      FROM installations
      JOIN connections ON connections.id = installations.connection_id
     CROSS JOIN LATERAL (
             SELECT create_time
               FROM operations
              WHERE operations.installation_id = installations.id
              ORDER BY create_time DESC
              LIMIT 1
           ) AS last
      JOIN (VALUES ('1d', interval '1 day'), ('7d', interval '7 days')) AS spans (name, span)
        ON last.create_time > now() - spans.span
     GROUP BY spans.name`,
})
