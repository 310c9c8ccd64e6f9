import t from 'tap'
import { kit } from '#kit'
import oldestInvoice from '../../cookbook/oldest-invoice.ts'
import openTickets from '../../cookbook/open-tickets.ts'
import ordersToday from '../../cookbook/orders-today.ts'
import pageViews from '../../cookbook/page-views.ts'
import paymentDelay from '../../cookbook/payment-delay.ts'
import paymentOutcomes from '../../cookbook/payment-outcomes.ts'
import payments from '../../cookbook/payments.ts'
import revenue from '../../cookbook/revenue.ts'
import subscriptionSeats from '../../cookbook/subscription-seats.ts'
import tableRows from '../../cookbook/table-rows.ts'
import topDebtors from '../../cookbook/top-debtors.ts'
import { observer } from '../../src/query/observe.ts'

const schema = 'cookbook/schema.sql'

t.test('a ratio is shown as both of its numbers', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [paymentOutcomes] })
  await sql`
    INSERT INTO payments (method, outcome, create_time)
    VALUES ('card', 'succeeded', now()), ('card', 'declined', now()), ('card', 'declined', now()),
           ('voucher', 'succeeded', now()), ('card', 'declined', now() - interval '61 minutes')`
  t.same(await collect(), {
    'business_payments_recent{method="card"}': 3,
    'business_payments_recent{method="transfer"}': 0,
    'business_payments_recent{method="other"}': 1,
    'business_payments_declined_recent{method="card"}': 2,
    'business_payments_declined_recent{method="transfer"}': 0,
    'business_payments_declined_recent{method="other"}': 0,
  })
})

t.test('in a top ten the largest keep their names, and the sum stays right', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [topDebtors] })
  await sql`INSERT INTO invoices (customer, amount) SELECT 'c' || i, 10 * i FROM generate_series(1, 12) AS i`
  await sql`INSERT INTO invoices (customer, amount, paid_time) VALUES ('c1', 5000, now())`
  const samples = await collect()
  t.equal(Object.keys(samples).length, 11)
  t.match(samples, {
    'business_debt_euros{customer="c12"}': 120,
    'business_debt_euros{customer="c3"}': 30,
    'business_debt_euros{customer="other"}': 30,
  })
})

t.test('an age is the moment of the oldest, and nothing where there is none', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [oldestInvoice] })
  await sql`
    INSERT INTO invoices (plan, create_time, void)
    VALUES ('team', '2026-03-01 00:00Z', false), ('team', '2026-02-01 00:00Z', false), ('team', '2026-01-01 00:00Z', true),
           ('gold', '2026-05-01 00:00Z', false), ('iron', '2026-04-01 00:00Z', false)`
  t.same(await collect(), {
    'business_invoices_oldest_unpaid_timestamp_seconds{plan="team"}': Date.UTC(2026, 1) / 1000,
    'business_invoices_oldest_unpaid_timestamp_seconds{plan="other"}': Date.UTC(2026, 3) / 1000,
  })
})

t.test('a distribution counts what is paid after the start, by how long it took', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [paymentDelay] })
  await sql`
    INSERT INTO invoices (plan, create_time, paid_time)
    SELECT 'team', now() - days * interval '24 hours', now() FROM unnest(ARRAY[1, 8, 100]) AS days`
  t.match(await collect(), {
    'business_payment_delay_seconds_bucket{plan="team",le="86400"}': 1,
    'business_payment_delay_seconds_bucket{plan="team",le="604800"}': 1,
    'business_payment_delay_seconds_bucket{plan="team",le="1209600"}': 2,
    'business_payment_delay_seconds_bucket{plan="team",le="+Inf"}': 3,
    'business_payment_delay_seconds_sum{plan="team"}': 109 * 86_400,
    'business_payment_delay_seconds_count{plan="starter"}': 0,
  })
})

t.test('a windowed counter adds what comes, and never what was there', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [payments] })
  await sql`
    INSERT INTO payments (method, outcome, amount, create_time)
    VALUES ('card', 'succeeded', 19.9, now()), ('card', 'succeeded', 0.1, now()),
           ('card', 'succeeded', 500, now() - interval '1 hour')`
  const card = '{method="card",outcome="succeeded"}'
  t.match(await collect(), {
    [`business_payments_total${card}`]: 2,
    [`business_payments_euros_total${card}`]: 20,
    'business_payments_total{method="card",outcome="declined"}': 0,
  })
  await sql`INSERT INTO payments (method, outcome, amount) VALUES ('card', 'succeeded', 80)`
  t.match(await collect(), {
    [`business_payments_total${card}`]: 3,
    [`business_payments_euros_total${card}`]: 100,
  })
})

t.test('a JSON field that is missing or of another type is no error', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [subscriptionSeats] })
  await sql`
    INSERT INTO subscriptions (settings)
    VALUES ('{"channel": "web", "seats": 5}'), ('{"channel": "web", "seats": "many"}'), ('{"channel": "web", "seats": null}'),
           ('{"channel": null, "seats": 2}'), ('{}')`
  t.same(await collect(), {
    'business_subscriptions{channel="web"}': 3,
    'business_subscriptions{channel="unknown"}': 2,
    'business_subscription_seats{channel="web"}': 5,
    'business_subscription_seats{channel="unknown"}': 2,
  })
})

t.test('the owner of a view may change the table under it', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [openTickets] })
  await sql`INSERT INTO tickets (queue_code, closed_time) VALUES (1, NULL), (1, now()), (2, NULL), (7, NULL)`
  const samples = {
    'business_tickets_open{queue="billing"}': 1,
    'business_tickets_open{queue="technical"}': 1,
    'business_tickets_open{queue="other"}': 1,
  }
  t.same(await collect(), samples)
  await sql.unsafe(`
    ALTER TABLE tickets ADD queue text;
    UPDATE tickets SET queue = CASE queue_code WHEN 1 THEN 'billing' WHEN 2 THEN 'technical' ELSE 'sales' END;
    CREATE OR REPLACE VIEW metrics.open_tickets AS SELECT queue FROM tickets WHERE closed_time IS NULL;
    ALTER TABLE tickets DROP queue_code`)
  t.same(await collect(), samples)
})

t.test('the day of each shop begins at the midnight of its own time zone', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [ordersToday] })
  await sql`
    INSERT INTO shops (name, time_zone)
    VALUES ('Auckland', 'Pacific/Auckland'), ('Los Angeles', 'America/Los_Angeles'), ('closed', 'Europe/Berlin')`
  await sql`
    INSERT INTO orders (shop_id, create_time)
    SELECT id, (now() AT TIME ZONE time_zone)::date::timestamp AT TIME ZONE time_zone - before
      FROM shops, unnest(ARRAY['0'::interval, '1 microsecond', '1 day']) AS before
     WHERE name <> 'closed'`
  t.same(await collect(), {
    'business_orders_today{shop="Auckland"}': 1,
    'business_orders_today{shop="Los Angeles"}': 1,
    'business_orders_today{shop="closed"}': 0,
  })
})

t.test('of a partitioned table only the partitions of the window are read', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [pageViews] })
  await sql`INSERT INTO page_views (page) VALUES ('/'), ('/'), ('/prices')`
  await sql`INSERT INTO page_views (page, create_time) VALUES ('/', '2025-06-01')`
  t.same(await collect(), {
    'business_page_views_total{page="/"}': 0,
    'business_page_views_total{page="/prices"}': 0,
  })
  t.same(await collect(), {
    'business_page_views_total{page="/"}': 2,
    'business_page_views_total{page="/prices"}': 1,
  })
  const { collector } = pageViews
  const query = collector.query(sql, {
    from: sql.unsafe("'2026-06-01 00:00Z'::timestamptz"),
    to: sql.unsafe("'2026-06-01 00:01Z'::timestamptz"),
    observe: observer(sql, collector),
  })
  const plan = (await sql`EXPLAIN ${query}`).map((row) => row['QUERY PLAN']).join('\n')
  t.match(plan, /page_views_since_2026/)
  t.notMatch(plan, /page_views_2025/)
})

t.test('a materialized view shows its values and how old they are', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [revenue] })
  await sql`INSERT INTO invoices (plan, amount, paid_time) VALUES ('team', 70, now()), ('team', 30, now() - interval '31 days')`
  const none = await collect()
  t.match(none, { 'business_revenue_recent_euros{plan="team"}': 0 })
  t.notHas(none, { 'business_revenue_refresh_timestamp_seconds{plan="team"}': Number })
  await sql`REFRESH MATERIALIZED VIEW revenue_by_plan`
  const [row] = await sql`SELECT extract(epoch FROM refresh_time) AS seconds FROM revenue_by_plan`
  t.match(await collect(), {
    'business_revenue_recent_euros{plan="team"}': 70,
    'business_revenue_refresh_timestamp_seconds{plan="team"}': Number(row?.seconds),
  })
})

t.test('an estimate is what ANALYZE found, and nothing for a table that it never saw', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [tableRows] })
  // Nor does autovacuum, meanwhile.
  await sql`ALTER TABLE shops SET (autovacuum_enabled = false)`
  await sql`INSERT INTO shops (name, time_zone) SELECT 's' || i, 'UTC' FROM generate_series(1, 1000) AS i`
  t.same(await collect(), {})
  await sql`ANALYZE shops`
  t.same(await collect(), { 'business_table_rows{table="shops"}': 1000 })
})
