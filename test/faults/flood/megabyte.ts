import { defineCollector, gauge, open } from '../../../src/collector.ts'

export default defineCollector({
  name: 'megabyte',
  labels: { note: open(200) },
  metrics: { business_megabyte: gauge('Forty notes of 1 MB each, and a short one.') },
  query: (sql) => sql`
    SELECT repeat(chr(97 + n % 26), 1000000) || n AS note, n AS business_megabyte
      FROM generate_series(1, 40) AS n
     UNION ALL
    SELECT 'short', 1`,
})
