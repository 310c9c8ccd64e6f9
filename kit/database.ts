import { randomBytes } from 'node:crypto'
import postgres, { type Sql } from 'postgres'
import { serverUrl } from './server.ts'

/** A database that nothing else uses. */
export interface OwnDatabase {
  readonly url: string
  /** A client, as the database's owner. */
  readonly sql: Sql
  /** Ends the client and drops the database, with all sessions that it has. */
  remove(): Promise<void>
}

/** Creates an empty database on the server of the tests. */
export async function createDatabase(): Promise<OwnDatabase> {
  const server = await serverUrl()
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = postgres(server, { max: 1, onnotice: () => {} })
  try {
    await admin`CREATE DATABASE ${admin(name)}`
  } catch (error) {
    await admin.end()
    throw error
  }
  const url = new URL(server)
  url.pathname = `/${name}`
  const sql = postgres(url.href, { max: 4, onnotice: () => {} })
  return {
    url: url.href,
    sql,
    async remove() {
      await sql.end({ timeout: 1 })
      await admin`DROP DATABASE ${admin(name)} WITH (FORCE)`
      await admin.end()
    },
  }
}
