import { counter, defineCollector } from '../../../src/collector.ts'

export default defineCollector({
  name: 'events',
  labels: { kind: ['one', 'two', 'other'] },
  metrics: { business_events_total: counter('Events.') },
  window: { settle: '1s' },
  query: (sql, { from, to }) => sql`
    SELECT kind, count(*) AS business_events_total
      FROM events
     WHERE create_time > ${from} AND create_time <= ${to}
     GROUP BY kind`,
})
