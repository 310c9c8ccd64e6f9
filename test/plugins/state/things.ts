import { counter, defineCollector } from '../../../src/collector.ts'

/** Counts the rows of a table `things (created timestamptz)`. */
export const things = defineCollector({
  name: 'things',
  metrics: { business_things_total: counter('Things.') },
  window: { settle: '1m' },
  query: (sql, { from, to }) => sql`
    SELECT count(*) AS business_things_total
      FROM things
     WHERE created > ${from} AND created <= ${to}`,
})
export const TOTAL = 'business_things_total'
