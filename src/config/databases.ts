import { findingOf, Mistake } from '../finding.ts'
import { type DatabaseUrl, parseDatabaseUrl } from './database-url.ts'

/** One database of DATABASE_URL. */
export interface NamedUrl {
  /** The value of the `database` label; undefined when there is one database without a name, and no such label. */
  readonly name: string | undefined
  readonly url: DatabaseUrl
}

/** One database that the service reads. */
export interface DatabaseSettings extends NamedUrl {
  /** Endpoints that must answer before the service starts collecting. */
  readonly quorum: number
}

const NAMED = /^([a-zA-Z][a-zA-Z0-9_-]*)=(.*)$/s

/**
 * Reads DATABASE_URL: one PostgreSQL URL, or several with a name each, separated by spaces or lines:
 * `eu=postgres://… us=postgres://…`. Throws a Mistake that never repeats a password.
 */
export function parseDatabases(text: string): NamedUrl[] {
  const words = text.split(/\s+/).filter((word) => word !== '')
  const [only] = words
  if (only !== undefined && words.length === 1 && !NAMED.test(only)) {
    return [{ name: undefined, url: parseDatabaseUrl(only) }]
  }
  const databases = words.map((word, i) => {
    const [, name, url] = NAMED.exec(word) ?? []
    if (name === undefined || url === undefined) {
      throw new Mistake(
        `lists ${words.length} databases, but number ${i + 1} has no name`,
        'write eu=postgres://user:password@host:5432/database',
      )
    }
    return { name, url: parseNamed(name, url) }
  })
  const twice = databases.find(({ name }, i) => databases.findIndex((other) => other.name === name) < i)
  if (twice !== undefined) throw new Mistake(`has two databases with the name "${twice.name}"`)
  return databases
}

function parseNamed(name: string, url: string): DatabaseUrl {
  try {
    return parseDatabaseUrl(url)
  } catch (cause) {
    const { problem, advice } = findingOf(cause)
    throw new Mistake(`has a database "${name}" whose URL ${problem}`, advice, { cause })
  }
}

/** Adds the quorum to databases: the given one, or a majority of the endpoints of each. */
export function withQuorum(databases: readonly NamedUrl[], quorum: number | undefined): DatabaseSettings[] {
  return databases.map(({ name, url }) => ({
    name,
    url,
    quorum: quorum ?? Math.floor(url.endpoints.length / 2) + 1,
  }))
}
