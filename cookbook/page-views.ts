import { counter, defineCollector, open } from '../src/collector.ts'

/** What is looked at. */
export default defineCollector({
  name: 'page-views',
  labels: { page: open(50) },
  metrics: { business_page_views_total: counter('Views of pages.') },
  window: { settle: '2m' },
  query: (sql, { from, to }) => sql`
    SELECT page, count(*) AS business_page_views_total
      FROM page_views
     WHERE create_time > ${from} AND create_time <= ${to}
     GROUP BY page`,
})
