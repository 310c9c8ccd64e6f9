import type { Sql } from 'postgres'

/** The tables of a shop, with rows in which labels and values have what real ones have. */
export async function createShop(sql: Sql): Promise<void> {
  await sql.unsafe(`
    CREATE TYPE order_state AS ENUM ('placed', 'paid', 'shipped');
    CREATE TABLE orders (
      id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      customer    text NOT NULL,
      email       text NOT NULL,
      channel     text NOT NULL,
      warehouse   text,
      state       order_state NOT NULL,
      gift        boolean NOT NULL,
      priority    smallint NOT NULL,
      total       numeric(12, 2) NOT NULL,
      attributes  jsonb NOT NULL DEFAULT '{}',
      placed_at   timestamptz NOT NULL DEFAULT now(),
      paid_at     timestamptz
    );
    CREATE INDEX ON orders (placed_at);
    INSERT INTO orders (customer, email, channel, warehouse, state, gift, priority, total, placed_at, paid_at)
    SELECT 'Customer ' || i % 40, 'c' || i || '@example.org', (ARRAY['web', 'app', 'phone'])[1 + i % 3],
           CASE WHEN i % 4 > 0 THEN (ARRAY['north', 'south'])[1 + i % 2] END,
           (ARRAY['placed', 'paid']::order_state[])[1 + i % 2], i % 5 = 0, i % 4, i * 1.25,
           now() - i * interval '1 minute', CASE WHEN i % 2 = 1 THEN now() - i * interval '30 seconds' END
      FROM generate_series(1, 500) AS i;
    CREATE TABLE visits (page text NOT NULL, duration_ms int NOT NULL, create_time timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON visits (create_time);
    INSERT INTO visits SELECT '/' || i % 7, i % 1000, now() - i * interval '1 second' FROM generate_series(1, 1000) AS i;
    ANALYZE;
    -- As if it were large.
    UPDATE pg_class SET reltuples = 1e6 WHERE relname = 'visits'`)
}
