import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import { createDatabase } from '../database.ts'
import { type Service, startService } from '../service.ts'
import { createProject, fixture } from './project.ts'

/** Imports a file and starts the service with what was written. */
async function importInto(t: Test, url: string, file: string): Promise<Service> {
  const project = createProject(t)
  const { status, stderr } = project.import(fixture(file))
  t.equal(status, 0, stderr)
  return startService(t, { DATABASE_URL: url }, { folder: project.collectors })
}

/** The samples of some families, as the page has them; a query of the test's own has `name` and `value`. */
async function same(
  t: Test,
  samples: Map<string, number>,
  family: RegExp,
  expected: Promise<readonly object[]>,
) {
  const got = [...samples].filter(([name]) => family.test(name)).map(([name, value]) => ({ name, value }))
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
  const wanted = (await expected) as { name: string; value: number }[]
  t.same(got.sort(byName), [...wanted].sort(byName))
}

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
  await t.test(
    'of one query with several metrics, where NULL is no sample, and 0 of a counter',
    async (t) => {
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
          FROM orders GROUP BY status`,
      )
    },
  )
  await t.test('of the same query with other labels, and a static value', (t) =>
    same(
      t,
      samples,
      /^shop_order_statuses/,
      sql`SELECT 'shop_order_statuses{status="' || coalesce(status, '') || '"}' AS name, 1 AS value
            FROM orders GROUP BY status`,
    ),
  )
  await t.test('without labels, and of moments', (t) =>
    same(
      t,
      samples,
      /^shop_(orders_created_total|last_order)/,
      sql`SELECT 'shop_orders_created_total' AS name, count(*)::float8 AS value FROM orders WHERE status <> ';'
           UNION ALL
          SELECT 'shop_last_order_timestamp_seconds', extract(epoch FROM max(create_time))::float8 FROM orders`,
    ),
  )
  await t.test('of rows without a value, which have no sample', (t) =>
    same(
      t,
      samples,
      /^shop_order_age_seconds/,
      sql`SELECT 'shop_order_age_seconds{customer="' || coalesce(customer, '') || '"}' AS name,
                 extract(epoch FROM max(paid_time - create_time))::float8 AS value
            FROM orders WHERE paid_time IS NOT NULL GROUP BY customer`,
    ),
  )
  await t.test('of several columns under a label of their names', (t) =>
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
  await t.test('of SQL that has backslashes, backticks and ${ in it', async (t) => {
    // north and south: one word each, and no note that is the template's text.
    t.equal(samples.get('business_process_batches_total'), 2)
  })
  await t.test('of a file that the configuration names', (t) =>
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

t.test(
  'queries of postgres_exporter give the samples that it would give, and nothing for its NaN',
  async (t) => {
    const { url, sql } = await createDatabase(t, { schema: false })
    await sql.unsafe(
      `
    CREATE TABLE with_index (id int PRIMARY KEY);
    CREATE TABLE without_index (id int);
    INSERT INTO with_index SELECT generate_series(1, 100);
    CREATE TABLE jobs (name text, state text, took text, seconds float8[], seconds_bucket int[], seconds_sum float8, seconds_count int);
    INSERT INTO jobs (name, state, took) VALUES
      ('mail', 'idle', '1m30s'), ('bills', 'it''s busy', '1h2m3.5s'), ('sync', NULL, '-1'), ('sweep', 'lost', '250ms');
    ANALYZE with_index;
    VACUUM (SKIP_LOCKED) without_index;
    SELECT count(*) FROM without_index;
  `.replace(/VACUUM[^;]*;/, ''),
    )
    await sql`VACUUM without_index`
    await sql`SELECT pg_stat_force_next_flush()`
    const service = await importInto(t, url, 'queries.yml')
    const samples = await service.scrape()
    await t.test('of booleans and NULLs of a row', (t) =>
      same(t, samples, /^pg_replication/, sql`SELECT 'pg_replication_is_in_recovery' AS name, 0 AS value`),
    )
    await t.test('of moments', (t) =>
      same(
        t,
        samples,
        /^pg_postmaster|last_vacuum/,
        sql`SELECT 'pg_postmaster_start_time_seconds' AS name,
                 extract(epoch FROM pg_postmaster_start_time())::float8 AS value
           UNION ALL
          SELECT 'pg_stat_user_tables_last_vacuum{schemaname="public",relname="without_index"}',
                 extract(epoch FROM last_vacuum)::float8
            FROM pg_stat_user_tables WHERE relname = 'without_index'`,
      ),
    )
    await t.test('of tables with and without an index', (t) =>
      same(
        t,
        samples,
        /^pg_stat_user_tables_(seq_scan|idx_scan|n_live_tup)/,
        sql`SELECT format('pg_stat_user_tables_%s{schemaname="%s",relname="%s"}', column_name, schemaname, relname) AS name,
                 value::float8
            FROM pg_stat_user_tables,
                 LATERAL (VALUES ('seq_scan', seq_scan), ('idx_scan', coalesce(idx_scan, 0)), ('n_live_tup', n_live_tup))
                   AS columns (column_name, value)`,
      ),
    )
    await t.test('of mapped texts and of durations', async (t) => {
      const jobs = [...samples].filter(([name]) => name.startsWith('jobs_'))
      t.same(
        new Map(jobs),
        new Map([
          ['jobs_state{name="mail"}', 0],
          ['jobs_state{name="bills"}', 1],
          ['jobs_took_milliseconds{name="mail"}', 90_000],
          ['jobs_took_milliseconds{name="bills"}', 3_723_500],
          ['jobs_took_milliseconds{name="sweep"}', 250],
        ]),
      )
    })
    t.notOk(
      [...samples].some(([name, value]) => name.startsWith('collector_rejected') && value > 0),
      'no row is rejected',
    )
    t.notOk(
      [...samples].some(([name, value]) => name.startsWith('collector_success') && value === 0),
      'nothing fails',
    )
  },
)
