import { counter, defineCollector } from '../../../src/collector.ts'

export default defineCollector({
  name: 'rows',
  labels: { kind: ['a', 'b'] },
  metrics: { business_rows_total: counter('Rows.') },
  window: { settle: '10s' },
  query: (sql, { from, to }) => sql`
    SELECT kind, count(*) AS business_rows_total
      FROM rows
     WHERE created > ${from} AND created <= ${to}
     GROUP BY kind`,
})
