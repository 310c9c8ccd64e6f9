import { defineCollector, gauge, open } from '../../../src/collector.ts'

export default defineCollector({
  name: 'inputs',
  labels: { name: open(50) },
  metrics: { business_input: gauge('What somebody has typed in.') },
  query: (sql) => sql`
    SELECT name, value AS business_input
      FROM inputs`,
})
