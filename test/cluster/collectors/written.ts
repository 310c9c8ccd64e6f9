import { counter, defineCollector } from '../../../src/collector.ts'

export default defineCollector({
  name: 'written',
  labels: { writer: ['a', 'b', 'c', 'other'] },
  metrics: { business_rows_written_total: counter('Rows that were written.') },
  // Longer than a commit may wait for a standby while rounds go on.
  window: { settle: '20s' },
  query: (sql, { from, to }) => sql`
    SELECT writer, count(*) AS business_rows_written_total
      FROM written
     WHERE create_time > ${from} AND create_time <= ${to}
     GROUP BY writer`,
})
