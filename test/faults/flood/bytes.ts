import { defineCollector, gauge, open } from '../../../src/collector.ts'

export default defineCollector({
  name: 'bytes',
  labels: { place: open(200) },
  metrics: { business_bytes: gauge('Places, as bytes of any encoding or none.') },
  query: (sql) => sql`
    SELECT place, n AS business_bytes
      FROM places
     ORDER BY n`,
})
