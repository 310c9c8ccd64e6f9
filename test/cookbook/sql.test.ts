import t from 'tap'
import { kit } from '#kit'
import paymentSize from '../../cookbook/payment-size.ts'
import refusedPayments from '../../cookbook/refused-payments.ts'
import shipments from '../../cookbook/shipments.ts'
import tenantTickets from '../../cookbook/tenant-tickets.ts'

const schema = 'cookbook/schema.sql'

t.test('lists, names and parts of SQL are put together', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [refusedPayments] })
  await sql`
    INSERT INTO payments (method, outcome, create_time)
    VALUES ('card', 'declined', now()), ('card', 'expired', now()), ('card', 'declined', now()),
           ('card', 'succeeded', now()), ('voucher', 'declined', now()),
           ('card', 'declined', now() - interval '25 hours')`
  t.same(await collect(), {
    'business_payments_refused_recent{method="card",outcome="declined"}': 2,
    'business_payments_refused_recent{method="card",outcome="expired"}': 1,
    'business_payments_refused_recent{method="transfer",outcome="declined"}': 0,
    'business_payments_refused_recent{method="transfer",outcome="expired"}': 0,
  })
})

t.test('the schemas of tenants are asked one by one', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [tenantTickets] })
  await sql`INSERT INTO globex.tickets VALUES (NULL), (NULL), (now())`
  t.same(await collect(), {
    'business_tenant_tickets_open{tenant="acme"}': 0,
    'business_tenant_tickets_open{tenant="globex"}': 2,
  })
})

t.test('enums and booleans are labels', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [shipments] })
  await sql`INSERT INTO shipments (state, express) VALUES ('sent', true), ('packed', false), ('packed', false)`
  t.match(await collect(), {
    'business_shipments{state="packed",express="false"}': 2,
    'business_shipments{state="packed",express="true"}': 0,
    'business_shipments{state="sent",express="true"}': 1,
  })
})

t.test('what there is none of has no value, and of what folds the largest is shown', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [paymentSize] })
  await sql`
    INSERT INTO payments (method, outcome, amount)
    SELECT 'm' || i, CASE WHEN i < 9 THEN 'succeeded' ELSE 'declined' END, i
      FROM generate_series(1, 9) AS i, generate_series(1, i)`
  t.same(await collect(), {
    ...Object.fromEntries(
      [5, 6, 7, 8, 9].flatMap((i) => [
        [`business_payments_tried_recent{method="m${i}"}`, i],
        [`business_payment_largest_euros{method="m${i}"}`, i],
        ...(i === 9 ? [[`business_payment_largest_declined_euros{method="m${i}"}`, i]] : []),
      ]),
    ),
    'business_payments_tried_recent{method="other"}': 10,
    'business_payment_largest_euros{method="other"}': 4,
  })
})
