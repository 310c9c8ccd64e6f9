import t from 'tap'
import { counter, defineCollector, gauge } from '../../../src/collector.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

const own = defineCollector({
  name: 'own',
  interval: '48h',
  timeout: '7s',
  window: { settle: '90s' },
  metrics: { business_own_total: counter('Things.') },
  query: (sql, { from, to }) => sql`SELECT count(${from}::timestamptz < ${to}) AS business_own_total`,
})
const plain = defineCollector({
  name: 'plain',
  metrics: { business_plain: gauge('Things.') },
  query: (sql) => sql`SELECT 1 AS business_plain`,
})

t.test(
  'what alerts compare with is on the page, in seconds: of a collector itself, or what holds for all',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const { scrape } = await startService(
      t,
      { DATABASE_URL: url, COLLECTOR_TIMEOUT: '20s', COLLECTOR_MAX_SERIES: '1234' },
      { collectors: [own, plain] },
    )
    const page = await scrape()
    const settings = [...page].filter(([name]) => /_(tick|interval|timeout|settle)_seconds|_limit/.test(name))
    t.same(Object.fromEntries(settings), {
      'collector_settle_seconds{collector="own"}': 90,
      'collector_interval_seconds{collector="own"}': 48 * 3600,
      'collector_interval_seconds{collector="plain"}': 24 * 3600,
      'collector_timeout_seconds{collector="own"}': 7,
      'collector_timeout_seconds{collector="plain"}': 20,
      'collector_series_limit{collector="own"}': 1234,
      'collector_series_limit{collector="plain"}': 1234,
      collection_tick_seconds: 24 * 3600,
    })
  },
)
