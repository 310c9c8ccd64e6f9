import { defineCollector, gauge } from '../../../src/collector.ts'

/** Which server a round read, and what it had. */
export default defineCollector({
  name: 'origin',
  metrics: {
    business_port: gauge('The port of the server.'),
    business_in_recovery: gauge('Whether the server is a standby.'),
    business_epoch: gauge('The last fault after which the server was written to.'),
  },
  query: (sql) => sql`
    SELECT current_setting('port') AS business_port,
           pg_is_in_recovery()::integer AS business_in_recovery,
           (SELECT coalesce(max(number), 0) FROM epochs) AS business_epoch`,
})
