import { type DatabaseUrl, parseDatabaseUrl } from './database-url.ts'

/** One database that the service reads. */
export interface DatabaseSettings {
  /** The value of the `database` label; undefined when there is one database without a name, and no such label. */
  readonly name: string | undefined
  readonly url: DatabaseUrl
  /** Endpoints that must answer before the service starts collecting. */
  readonly quorum: number
}

const NAMED = /^([a-zA-Z][a-zA-Z0-9_-]*)=(.*)$/s

/**
 * Reads DATABASE_URL: one PostgreSQL URL, or several with a name each, parted by spaces or lines:
 * `eu=postgres://… us=postgres://…`. The quorum is a majority. Throws an Error that never repeats a password.
 */
export function parseDatabases(text: string): DatabaseSettings[] {
  const words = text.split(/\s+/).filter((word) => word !== '')
  const [only] = words
  if (only !== undefined && words.length === 1 && !NAMED.test(only)) return [settingsOf(undefined, only)]
  const databases = words.map((word, i) => {
    const [, name, url = ''] = NAMED.exec(word) ?? []
    if (name === undefined) {
      throw new Error(
        `lists ${words.length} databases, of which number ${i + 1} has no name: eu=postgres://user:password@host:5432/database`,
      )
    }
    try {
      return settingsOf(name, url)
    } catch (error) {
      throw new Error(`has a database "${name}" whose URL ${error instanceof Error ? error.message : error}`)
    }
  })
  const twice = databases.find(({ name }, i) => databases.findIndex((other) => other.name === name) < i)
  if (twice !== undefined) throw new Error(`has two databases with the name "${twice.name}"`)
  return databases
}

function settingsOf(name: string | undefined, text: string): DatabaseSettings {
  const url = parseDatabaseUrl(text)
  return { name, url, quorum: Math.floor(url.endpoints.length / 2) + 1 }
}
