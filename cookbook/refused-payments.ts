import { defineCollector, gauge } from '../src/collector.ts'

const METHODS = ['card', 'transfer']
const REFUSED = ['declined', 'expired']

/** How many payments of each method were refused lately. */
export default defineCollector({
  name: 'refused-payments',
  labels: { method: METHODS, outcome: REFUSED },
  metrics: { business_payments_refused_recent: gauge('Payments that were refused in the last day.') },
  query: (sql) => {
    const recent = sql`create_time > now() - ${'1 day'}::interval`
    return sql`
      SELECT method, outcome, count(*) AS business_payments_refused_recent
        FROM ${sql('public.payments')}
       WHERE ${recent} AND method = ANY(${METHODS}) AND outcome IN ${sql(REFUSED)}
       GROUP BY method, outcome`
  },
})
