import { defineCollector, gauge } from '../../../src/collector.ts'

export default defineCollector({
  name: 'slow',
  timeout: '200ms',
  metrics: { business_slow: gauge('A value that is too long in coming, when the weather is windy.') },
  query: (sql) => sql`
    SELECT (SELECT count(*) FROM pg_sleep(windy)) AS business_slow
      FROM weather`,
})
