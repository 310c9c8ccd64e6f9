import { defineCollector, gauge } from '../src/collector.ts'

/** How many customers wait for an answer. */
export default defineCollector({
  name: 'open-tickets',
  labels: { queue: ['billing', 'technical', 'other'] },
  metrics: { business_tickets_open: gauge('Tickets that are not closed.') },
  query: (sql) => sql`
    SELECT queue, count(*) AS business_tickets_open
      FROM metrics.open_tickets
     GROUP BY queue`,
})
