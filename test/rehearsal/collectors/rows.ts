import { counter, defineCollector, histogram, open } from '../../../src/collector.ts'

export default defineCollector({
  name: 'rows',
  labels: { kind: ['a', 'b', 'other'], shop: open(50) },
  metrics: {
    business_rows_total: counter('Rows.'),
    business_amount_total: counter('The sum of their amounts.'),
    business_took_seconds: histogram('How long they took.', [0.1, 1, 10]),
  },
  // Longer than a row may be late and its commit may wait for a standby.
  window: { settle: '1m' },
  query: (sql, { from, to, observe }) => sql`
    SELECT kind, shop, count(*) AS business_rows_total, sum(amount) AS business_amount_total,
           ${observe('business_took_seconds', sql`seconds`)}
      FROM rows
     WHERE created > ${from} AND created <= ${to}
     GROUP BY kind, shop`,
})
