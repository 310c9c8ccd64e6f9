import type { Sql } from 'postgres'
import t from 'tap'
import { createDatabase } from '../database.ts'
import { importInto, same } from './samples.ts'

async function createShop(sql: Sql): Promise<void> {
  await sql.unsafe(`
    CREATE TABLE orders (customer text, status text, euros numeric, create_time timestamptz, paid_time timestamptz);
    INSERT INTO orders VALUES
      ('ann', 'paid', 12.50, '2026-01-01 10:00Z', '2026-01-01 10:00:30Z'),
      ('ann', 'paid', 7.25, '2026-01-02 10:00Z', '2026-01-02 10:02Z'),
      ('bob', 'open', 99, '2026-01-03 10:00Z', NULL),
      (NULL, 'void', NULL, '2026-01-04 10:00Z', '2026-01-04 11:00Z'),
      ('cy', NULL, 3, '2026-01-05 10:00Z', NULL);
    CREATE TABLE stock (warehouse text, "order" int, free int, "Reserved" numeric, note text);
    INSERT INTO stock VALUES
      ('north', 1, 10, 2.5, ''), ('south', 2, 0, NULL, 'x'), ('far south', 3, 4, 4, ''), ('east', 4, 1, 1, '\`\${SHOP}\`; {{.Shop}}');
  `)
}

t.test('metrics of sql_exporter give the samples that it would give', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await createShop(sql)
  const service = await importInto(t, url, 'shop.yml')
  const samples = await service.scrape()
  const labels = `,region="eu",shop="Ben's"`
  await t.test('one query gives several metrics, where NULL is no sample', async (t) => {
    await same(
      t,
      samples,
      /^shop_orders(_value_euros|_paid_total)?{/,
      sql`
        SELECT 'shop_orders{status="' || coalesce(status, '') || '"' || ${labels} || '}' AS name, count(*)::int AS value
          FROM orders GROUP BY status
         UNION ALL
        SELECT 'shop_orders_value_euros{status="' || coalesce(status, '') || '"' || ${labels} || '}', sum(euros)::float8
          FROM orders WHERE euros IS NOT NULL GROUP BY status
         UNION ALL
        SELECT 'shop_orders_paid_total{status="' || coalesce(status, '') || '"' || ${labels} || '}', count(paid_time)
          FROM orders WHERE paid_time IS NOT NULL GROUP BY status`,
    )
  })
  await t.test('the same query gives a metric with other labels and a static value', (t) =>
    same(
      t,
      samples,
      /^shop_order_statuses/,
      sql`SELECT 'shop_order_statuses{status="' || coalesce(status, '') || '"}' AS name, 1 AS value
            FROM orders GROUP BY status`,
    ),
  )
  await t.test('a query gives metrics without labels, and moments in seconds since 1970', (t) =>
    same(
      t,
      samples,
      /^shop_(orders_created_total|last_order)/,
      sql`SELECT 'shop_orders_created_total' AS name, count(*)::float8 AS value FROM orders WHERE status <> ';'
           UNION ALL
          SELECT 'shop_last_order_timestamp_seconds', extract(epoch FROM max(create_time))::float8 FROM orders`,
    ),
  )
  await t.test('rows without a value give no sample', (t) =>
    same(
      t,
      samples,
      /^shop_order_age_seconds/,
      sql`SELECT 'shop_order_age_seconds{customer="' || coalesce(customer, '') || '"}' AS name,
                 extract(epoch FROM max(paid_time - create_time))::float8 AS value
            FROM orders WHERE paid_time IS NOT NULL GROUP BY customer`,
    ),
  )
  await t.test('several columns give one metric with a label for their names', (t) =>
    same(
      t,
      samples,
      /^shop_stock/,
      sql`SELECT format('shop_stock{warehouse="%s",order="%s",state="free"}', warehouse, "order") AS name,
                 free::float8 AS value FROM stock
           UNION ALL
          SELECT format('shop_stock{warehouse="%s",order="%s",state="Reserved"}', warehouse, "order"),
                 "Reserved" FROM stock WHERE "Reserved" IS NOT NULL`,
    ),
  )
  await t.test('SQL with backslashes, backticks and ${ in it arrives as it is', async (t) => {
    // north and south: one word each, and no note that is the template's text.
    t.equal(samples.get('business_process_batches_total'), 2)
  })
  await t.test('a file that the configuration names gives its metrics', (t) =>
    same(
      t,
      samples,
      /^server_/,
      sql`SELECT format('server_database_size_bytes{datname="%s"}', current_database()) AS name,
                 pg_database_size(current_database())::float8 AS value
           UNION ALL
          SELECT format('server_settings_info{name="%s",setting="%s"}', name, setting), 1
            FROM pg_settings WHERE name IN ('server_encoding', 'block_size')`,
    ),
  )
  t.notOk(
    [...samples].some(([name, value]) => name.startsWith('collector_rejected') && value > 0),
    'no row is rejected',
  )
  t.notOk(
    [...samples].some(([name, value]) => name.startsWith('collector_success') && value === 0),
    'nothing fails',
  )
})
