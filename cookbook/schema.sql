-- The tables that the collectors of docs/collectors.md ask: those of a company that sells subscriptions.

CREATE TABLE invoices (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer    text NOT NULL DEFAULT 'acme',
  plan        text NOT NULL DEFAULT 'team',
  amount      numeric(12, 2) NOT NULL DEFAULT 100,
  create_time timestamptz NOT NULL DEFAULT now(),
  due_time    timestamptz NOT NULL DEFAULT now() + interval '30 days',
  paid_time   timestamptz,
  void        boolean NOT NULL DEFAULT false
);
CREATE INDEX invoices_unpaid ON invoices (due_time) WHERE paid_time IS NULL AND NOT void;
CREATE INDEX invoices_paid_time ON invoices (paid_time);

CREATE TABLE payments (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  method      text NOT NULL,
  outcome     text NOT NULL,
  amount      numeric(12, 2) NOT NULL DEFAULT 100,
  create_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_create_time ON payments (create_time);

CREATE TABLE subscriptions (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  settings jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE tickets (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue_code  smallint NOT NULL,
  closed_time timestamptz
);

CREATE SCHEMA metrics;
CREATE VIEW metrics.open_tickets AS
  SELECT CASE queue_code WHEN 1 THEN 'billing' WHEN 2 THEN 'technical' ELSE 'other' END AS queue
    FROM tickets
   WHERE closed_time IS NULL;

CREATE TABLE shops (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name      text NOT NULL UNIQUE,
  time_zone text NOT NULL
);

CREATE TABLE orders (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shop_id     bigint NOT NULL REFERENCES shops,
  create_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_create_time ON orders (create_time);

CREATE TABLE page_views (
  page        text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (create_time);
CREATE INDEX page_views_create_time ON page_views (create_time);
CREATE TABLE page_views_2025 PARTITION OF page_views
  FOR VALUES FROM ('2025-01-01 00:00Z') TO ('2026-01-01 00:00Z');
CREATE TABLE page_views_since_2026 PARTITION OF page_views
  FOR VALUES FROM ('2026-01-01 00:00Z') TO (MAXVALUE);

CREATE MATERIALIZED VIEW revenue_by_plan AS
  SELECT plan, sum(amount) AS amount, now() AS refresh_time
    FROM invoices
   WHERE paid_time > now() - interval '30 days'
   GROUP BY plan;

CREATE TYPE shipment_state AS ENUM ('packed', 'sent', 'delivered');
CREATE TABLE shipments (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  state   shipment_state NOT NULL DEFAULT 'packed',
  express boolean NOT NULL DEFAULT false
);

CREATE SCHEMA acme;
CREATE TABLE acme.tickets (closed_time timestamptz);
CREATE SCHEMA globex;
CREATE TABLE globex.tickets (closed_time timestamptz);
