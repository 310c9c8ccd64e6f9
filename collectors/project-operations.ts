import { defineCollector, gauge, top } from '../src/collector.ts'

/** Which projects use the platform most. */
export default defineCollector({
  name: 'project-operations',
  labels: { project: top(20), window: ['1h'] },
  metrics: {
    business_project_operations_recent: gauge('Operations of a project created within the window.'),
  },
  query: (sql) => sql`
    SELECT projects.name AS project, '1h' AS "window", count(*) AS business_project_operations_recent
      FROM operations
      JOIN projects ON projects.id = operations.project_id
     WHERE operations.create_time > now() - interval '1 hour'
     GROUP BY projects.name`,
})
