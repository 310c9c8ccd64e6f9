import { defineCollector, gauge } from '../../../src/collector.ts'

/** One half of what one transaction changes; the other is in `debit.ts`. */
export default defineCollector({
  name: 'credit',
  metrics: {
    business_credit: gauge('The balance of the other account.'),
    business_credit_version: gauge('How often both were changed.'),
  },
  query: (sql) => sql`
    SELECT credit AS business_credit, version AS business_credit_version
      FROM accounts`,
})
