import { defineCollector, gauge } from '../../src/collector.ts'

/** A query that is hopeless long before its time is up: nobody asked for its column. Only being cancelled ends it. */
export const hopeless = defineCollector({
  name: 'hopeless',
  metrics: { business_hope: gauge('Nothing, for a long time.') },
  query: (sql) => sql`
    SELECT n AS nonsense, pg_sleep(CASE WHEN n > 5000 THEN 60 ELSE 0 END)
      FROM generate_series(1, 5001) AS n`,
})
