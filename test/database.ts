import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import postgres, { type Sql } from 'postgres'
import type { Test } from 'tap'
import { type Server, serverFile } from './server/file.ts'

export interface Database {
  readonly url: string
  /** A client of the test's own, as the database's owner. */
  readonly sql: Sql
}

/** The URL of the server that all tests share. */
export function serverUrl(): string {
  if (!existsSync(serverFile))
    throw new Error('the PostgreSQL of the tests does not run: npm test -- FILE starts it')
  const server: Server = JSON.parse(readFileSync(serverFile, 'utf8'))
  return server.url
}

const SCHEMA = new URL('../demo/schema.sql', import.meta.url)

/** A database of the test's own, with the tables that the default collectors read unless `schema` is false. */
export async function createDatabase(t: Test, { schema = true } = {}): Promise<Database> {
  const server = serverUrl()
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = postgres(server, { max: 1, onnotice: () => {} })
  await admin`CREATE DATABASE ${admin(name)}`
  const url = new URL(server)
  url.pathname = `/${name}`
  const sql = postgres(url.href, { max: 4, onnotice: () => {} })
  t.teardown(async () => {
    await sql.end({ timeout: 1 })
    await admin`DROP DATABASE ${admin(name)} WITH (FORCE)`
    await admin.end()
  })
  if (schema) await sql.unsafe(readFileSync(SCHEMA, 'utf8'))
  return { url: url.href, sql }
}
