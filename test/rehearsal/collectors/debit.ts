import { defineCollector, gauge } from '../../../src/collector.ts'

/** One half of what one transaction changes; the other is in `credit.ts`. */
export default defineCollector({
  name: 'debit',
  metrics: {
    business_debit: gauge('The balance of one account.'),
    business_debit_version: gauge('How often both were changed.'),
  },
  query: (sql) => sql`
    SELECT debit AS business_debit, version AS business_debit_version
      FROM accounts`,
})
