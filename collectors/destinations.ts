import { defineCollector, gauge } from '../src/collector.ts'

/** Where customers have their data delivered. */
export default defineCollector({
  name: 'destinations',
  labels: {
    type: [
      'webhook',
      'kinesis',
      's3',
      'slack',
      'clickhouse',
      'snowflake',
      'bigquery',
      'redshift',
      'sqs',
      'pubsub',
      'rabbitmq',
      'azureservicebus',
      'other',
    ],
  },
  metrics: { business_destinations: gauge('Destinations that are not deleted.') },
  query: (sql) => sql`
    SELECT type, count(*) AS business_destinations
      FROM destinations
     WHERE delete_time IS NULL
     GROUP BY type`,
})
