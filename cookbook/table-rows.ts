import { defineCollector, gauge, open } from '../src/collector.ts'

/** About how large the tables are, without counting. */
export default defineCollector({
  name: 'table-rows',
  labels: { table: open(100) },
  metrics: { business_table_rows: gauge('Rows of a table as of its last VACUUM or ANALYZE, about.') },
  interval: '15m',
  query: (sql) => sql`
    SELECT relname AS "table", reltuples AS business_table_rows
      FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= 0`,
})
