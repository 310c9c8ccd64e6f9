import { defineCollector, gauge, open } from '../src/collector.ts'

/** How the day goes in each shop, whose day begins at its own midnight. */
export default defineCollector({
  name: 'orders-today',
  labels: { shop: open(100) },
  metrics: { business_orders_today: gauge("Orders since midnight in the shop's time zone.") },
  query: (sql) => sql`
    SELECT shops.name AS shop, count(orders.id) AS business_orders_today
      FROM shops
      LEFT JOIN orders
        ON orders.shop_id = shops.id
       AND orders.create_time >= date_trunc('day', now(), shops.time_zone)
     GROUP BY shops.name`,
})
