import t from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { startService } from '../service.ts'

const quick = defineCollector({
  name: 'quick',
  metrics: { business_quick: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_quick`,
})
const stubborn = defineCollector({
  name: 'stubborn',
  metrics: { business_stubborn: gauge('One.') },
  timeout: '200ms',
  query: (sql) => sql`SELECT stubborn() AS business_stubborn`,
})

for (const collectors of [[stubborn], [quick, stubborn]]) {
  const alone = collectors.length === 1
  t.test(
    `a query that takes no notice of being cancelled is ended, ${alone ? 'alone' : 'beside another'}`,
    async (t) => {
      const { url, sql } = await createDatabase(t, { schema: false })
      await sql.unsafe(`
      CREATE FUNCTION stubborn() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP;
      END $$`)
      const service = await startService(t, { DATABASE_URL: url }, { collectors })
      for (let i = 0; i < 3; i++) await service.round()
      const running = async () =>
        (
          await sql`
        SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'active' AND query LIKE '%stubborn%' AND pid <> pg_backend_pid()`
        ).length
      await poll(running, (count) => count === 0)
      t.pass('nothing of it runs on')
      if (!alone) t.equal((await service.scrape()).get('business_quick'), 1)
    },
  )
}
