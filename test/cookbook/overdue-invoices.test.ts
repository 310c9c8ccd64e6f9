import t from 'tap'
import { kit } from '#kit'
import overdueInvoices from '../../cookbook/overdue-invoices.ts'

t.test('an invoice is overdue from its due date until it is paid or void', async (t) => {
  const { sql, collect } = await kit(t, { schema: 'cookbook/schema.sql', collectors: [overdueInvoices] })
  await sql`
    INSERT INTO invoices (plan, due_time, paid_time, void)
    VALUES ('team', now() - interval '1 day', NULL, false),
           ('team', now() - interval '1 day', now(), false),
           ('team', now() - interval '1 day', NULL, true),
           ('team', now() + interval '1 day', NULL, false),
           ('gold', now() - interval '1 day', NULL, false)`
  t.same(await collect(), {
    'business_invoices_overdue{plan="starter"}': 0,
    'business_invoices_overdue{plan="team"}': 1,
    'business_invoices_overdue{plan="enterprise"}': 0,
    'business_invoices_overdue{plan="other"}': 1,
  })
})
