import { strict as assert } from 'node:assert'
import test from 'node:test'
import { kit } from 'metrics-service/kit'
import tables from '../collectors/tables.ts'

// SQL, or the path of a file of it: what pg_dump --schema-only writes is taken as it is.
const schema = 'CREATE TABLE invoices (due_time timestamptz)'

test('tables are counted by their schema', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [tables] })
  assert.deepEqual(await collect(), { 'business_tables{schema="public"}': 1 })
  await sql`CREATE TABLE customers (name text)`
  assert.deepEqual(await collect(), { 'business_tables{schema="public"}': 2 })
})
