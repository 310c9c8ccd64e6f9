import postgres from 'postgres'
import type { Postgres } from '../demo/postgres.ts'

/** What the service asks, for others that ask it too. */
export const QUERY = 'SELECT customer, plan, value FROM customers'

export const PLANS = ['free', 'starter', 'team', 'business', 'enterprise', 'partner', 'internal']

/** Creates a database whose table `customers` makes a number of series, unless there is one, and returns its URL. */
export async function createSeries(server: Postgres, series: number): Promise<string> {
  const name = `series_${series}`
  const options = { max: 1, onnotice: () => {} }
  const admin = postgres(server.url, options)
  const url = server.urlOf(name)
  const [known] = await admin`SELECT FROM pg_database WHERE datname = ${name}`
  if (known === undefined) await admin`CREATE DATABASE ${admin(name)}`
  await admin.end()
  if (known !== undefined) return url
  const sql = postgres(url, options)
  await sql`CREATE TABLE customers (customer text, plan text, value int8)`
  await sql`
    INSERT INTO customers (customer, plan, value)
    SELECT 'customer-' || n, (${PLANS}::text[])[1 + n % ${PLANS.length}::int], n::int8 * 7919 % 1000003
      FROM generate_series(1, ${series}) AS n`
  await sql`VACUUM (ANALYZE, FREEZE) customers`
  await sql.end()
  return url
}

/** Gives each series of a database another value, and leaves its table as it was otherwise. */
export async function changeSeries(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`CREATE TABLE changed AS SELECT customer, plan, (value + 1) % 1000003 AS value FROM customers`
  await sql`DROP TABLE customers`
  await sql`ALTER TABLE changed RENAME TO customers`
  await sql`VACUUM (ANALYZE, FREEZE) customers`
  await sql.end()
}
