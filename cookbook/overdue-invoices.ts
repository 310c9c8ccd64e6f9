import { defineCollector, gauge } from '../src/collector.ts'

/** How many invoices are late, by plan. */
export default defineCollector({
  name: 'overdue-invoices',
  labels: { plan: ['starter', 'team', 'enterprise', 'other'] },
  metrics: {
    business_invoices_overdue: gauge('Invoices past their due date, neither paid nor void.'),
  },
  query: (sql) => sql`
    SELECT plan, count(*) AS business_invoices_overdue
      FROM invoices
     WHERE due_time < now() AND paid_time IS NULL AND NOT void
     GROUP BY plan`,
})
