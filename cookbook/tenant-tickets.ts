import { defineCollector, gauge } from '../src/collector.ts'

const TENANTS = ['acme', 'globex']

/** How many customers of each tenant wait, whose tables are in a schema each. */
export default defineCollector({
  name: 'tenant-tickets',
  labels: { tenant: TENANTS },
  metrics: { business_tenant_tickets_open: gauge('Tickets of a tenant that are not closed.') },
  query: (sql) =>
    TENANTS.map(
      (tenant) => sql`
        SELECT ${tenant} AS tenant, count(*) AS business_tenant_tickets_open
          FROM ${sql(`${tenant}.tickets`)}
         WHERE closed_time IS NULL`,
    ).reduce((all, one) => sql`${all} UNION ALL ${one}`),
})
