import type { FastifyInstance } from 'fastify'
import { defineCollector, gauge, open } from '../../../src/collector.ts'

/** Ten collectors of one kind. */
export default async (app: FastifyInstance) => {
  for (let i = 0; i < 10; i++) {
    const { collector } = defineCollector({
      name: `orders-${i}`,
      labels: { state: open(20) },
      metrics: { [`business_orders_${i}`]: gauge('Orders.') },
      query: (sql) => sql`
        SELECT state, count(*) AS ${sql(`business_orders_${i}`)}
          FROM orders
         GROUP BY state`,
    })
    app.collectors.add(collector)
  }
}
