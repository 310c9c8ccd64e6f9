import { defineCollector, gauge } from '../../../src/collector.ts'

const names = Array.from({ length: 1000 }, (_, i) => `business_wide_${i}`)

export default defineCollector({
  name: 'wide',
  metrics: Object.fromEntries(names.map((name) => [name, gauge('One of a thousand metrics.')])),
  query: (sql) => sql`
    SELECT ${sql.unsafe(names.map((name, i) => `${i} AS ${name}`).join(', '))}`,
})
