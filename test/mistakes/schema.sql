CREATE TYPE order_state AS ENUM ('draft', 'placed', 'paid', 'shipped');
CREATE TYPE channel AS ENUM ('web', 'app', 'phone');
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id int NOT NULL,
  email text NOT NULL,
  channel channel NOT NULL,
  state order_state NOT NULL,
  sku text NOT NULL,
  total numeric NOT NULL,
  refunded numeric,
  attributes jsonb NOT NULL,
  tags text[] NOT NULL,
  placed_at timestamptz NOT NULL,
  placed_local timestamp NOT NULL,
  placed_day date NOT NULL,
  paid_at timestamptz
);
INSERT INTO orders
SELECT n, n, 'user' || n || '@example.org', (ARRAY['web', 'app', 'phone'])[1 + n % 3]::channel,
       (ARRAY['placed', 'paid', 'shipped'])[1 + n % 3]::order_state, 'SKU-' || n, n % 100,
       CASE WHEN n % 10 = 0 THEN 5 END, '{"gift": true}', ARRAY['new', 'vip'],
       now() - n * interval '20 seconds', now() - n * interval '20 seconds', current_date - 1,
       CASE WHEN n % 3 = 1 THEN now() - n * interval '10 seconds' END
  FROM generate_series(1, 2500) AS n;
CREATE INDEX ON orders (placed_at);
CREATE TABLE customers (id int PRIMARY KEY, country text, vip bool NOT NULL, signed_up_at timestamptz NOT NULL);
INSERT INTO customers SELECT n, CASE WHEN n % 4 > 0 THEN 'DE' END, n % 10 = 0, now() - n * interval '1 hour' FROM generate_series(1, 300) AS n;
CREATE TABLE "order" (id int, "group" text);
INSERT INTO "order" VALUES (1, 'a'), (2, 'b');
CREATE TABLE secret (id int);
CREATE SCHEMA shop;
CREATE TABLE shop.tickets (id int PRIMARY KEY, queue text NOT NULL, opened_at timestamptz NOT NULL, closed_at timestamptz);
INSERT INTO shop.tickets SELECT n, 'q' || n % 3, now() - n * interval '1 minute', CASE WHEN n % 2 = 0 THEN now() END FROM generate_series(1, 100) AS n;
CREATE VIEW paid_orders AS SELECT * FROM orders WHERE state = 'paid';
CREATE FUNCTION broken () RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT nothing FROM public.orders); END';
ANALYZE;
