import { defineCollector, gauge } from '../../../src/collector.ts'

export default defineCollector({
  name: 'now',
  metrics: { business_rows_now: gauge('Rows, of which there is always one.') },
  query: (sql) => sql`SELECT count(*) AS business_rows_now FROM rows`,
})
