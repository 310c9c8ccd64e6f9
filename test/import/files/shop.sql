CREATE TABLE orders (customer text, status text, euros numeric, paid boolean, made timestamptz, due date, seen timestamp);
INSERT INTO orders VALUES
  ('ann', 'paid', 12.50, true, '2026-01-01 10:00:00.25Z', '2026-02-01', '2026-01-01 10:00'),
  ('ann', 'open', 7.25, false, '2026-01-02 10:00Z', '2026-02-02', '2026-01-02 10:00'),
  ('bob "b"', 'open', 99, false, '2026-01-03 10:00Z', '2026-02-03', NULL),
  (NULL, 'void', NULL, NULL, NULL, NULL, NULL);
CREATE TABLE hosts (address inet, net cidr, code char(6), load float8, big bigint, note text, waits interval, price money, key uuid, tags text[], facts jsonb);
INSERT INTO hosts VALUES
  ('10.1.2.3', '10.1.0.0/16', 'ab', 2500000, 9007199254740991, 'on', '1 hour', 1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{a}', '{"a": 1}'),
  ('10.1.2.4/24', '10.2.0.0/16', 'abcdef', 2.25, -5, '7', '2 hours', 2, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', '{b}', '{"a": 2}'),
  ('::1', '::/64', 'c', 1e15, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE lags (name text, seconds float8);
INSERT INTO lags SELECT 'q' || i, i * 1.5 FROM generate_series(1, 10) AS i;
CREATE VIEW buckets AS
  SELECT array_agg(le ORDER BY le) AS le, array_agg(n ORDER BY le) AS n
    FROM (SELECT le, count(*) FILTER (WHERE seconds <= le) AS n FROM lags, unnest(ARRAY[2, 5, 10]) AS le GROUP BY le) AS counted;
