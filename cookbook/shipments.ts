import { defineCollector, gauge } from '../src/collector.ts'

/** How many parcels are where. */
export default defineCollector({
  name: 'shipments',
  labels: { state: ['packed', 'sent', 'delivered', 'other'], express: ['false', 'true'] },
  metrics: { business_shipments: gauge('Parcels.') },
  query: (sql) => sql`
    SELECT state, express, count(*) AS business_shipments
      FROM shipments
     GROUP BY state, express`,
})
