import { defineCollector, histogram } from '../src/collector.ts'

const DAY = 86_400

/** How long customers take to pay. */
export default defineCollector({
  name: 'payment-delay',
  labels: { plan: ['starter', 'team', 'enterprise', 'other'] },
  metrics: {
    business_payment_delay_seconds: histogram(
      'Time from the making of an invoice to its payment.',
      [1, 7, 14, 30, 60, 90].map((days) => days * DAY),
    ),
  },
  window: { settle: '10m' },
  query: (sql, { from, to, observe }) => sql`
    SELECT plan,
           ${observe('business_payment_delay_seconds', sql`extract(epoch FROM paid_time - create_time)`)}
      FROM invoices
     WHERE paid_time > ${from} AND paid_time <= ${to}
     GROUP BY plan`,
})
