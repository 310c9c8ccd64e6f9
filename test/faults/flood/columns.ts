import { defineCollector, gauge } from '../../../src/collector.ts'

const names = Array.from({ length: 1000 }, (_, i) => `column_${i}`)

export default defineCollector({
  name: 'columns',
  metrics: { business_columns: gauge('A row with a thousand columns that nobody asked for.') },
  query: (sql) => sql`
    SELECT 1 AS business_columns, ${sql.unsafe(names.map((name) => `1 AS ${name}`).join(', '))}`,
})
