import { findingOf, Mistake } from '../finding.ts'
import { isKeywordForm, readConnectionString } from './connection-string.ts'
import { type Credentials, prefixOf, readCredentials } from './credentials.ts'
import { type DatabaseUrl, parseDatabaseUrl } from './database-url.ts'
import type { Variables } from './libpq.ts'

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

/** A database's connection string, which is not read yet. */
interface Named {
  readonly name: string | undefined
  readonly text: string
}

const NAMED = /^([a-zA-Z][a-zA-Z0-9_-]*)=(.*)$/s
/** The name of a variable, which somebody has copied into a file together with its value. */
const ASSIGNED = /(^|_)(url|uri|dsn)$/i

/**
 * Reads DATABASE_URL: one PostgreSQL URL, or several with a name each, separated by spaces or lines:
 * `eu=postgres://… us=postgres://…`. `variables` has what they leave out, and `path` is that of the file that they are in.
 * Throws a Mistake that repeats nothing of the text, and counts the databases: the name of one may be part of a password.
 */
export function parseDatabases(text: string, variables: Variables = {}, path?: string): NamedUrl[] {
  const databases = split(text).map(({ name, text }, i): NamedUrl => {
    try {
      const credentials = credentialsFor(name, variables)
      const file = path === undefined ? undefined : { path, name }
      return { name, url: parseDatabaseUrl(text, { variables, credentials, file }) }
    } catch (cause) {
      if (name === undefined) throw cause
      const { problem, advice } = findingOf(cause)
      throw new Mistake(`has a database (number ${i + 1}) whose URL ${problem}`, advice, { cause })
    }
  })
  const twice = databases.findIndex(({ name }, i) => databases.findIndex((other) => other.name === name) < i)
  if (twice >= 0) throw new Mistake(`has a database (number ${twice + 1}) with the name of one before it`)
  const names = databases.map(({ name }) => name)
  checkUse(text, prefixOf(undefined), names, variables)
  for (const name of names) if (name !== undefined) checkUse(text, prefixOf(name), [name], variables)
  return databases
}

/** The user and the password that the URL of a database has in a text such as that of DATABASE_URL. Throws as above. */
export function writtenCredentials(
  text: string,
  name: string | undefined,
): { readonly user: string | undefined; readonly password: string | undefined } {
  const found = split(text).find((database) => database.name === name)
  const written = new Map(found === undefined ? [] : readConnectionString(found.text))
  return { user: written.get('user') || undefined, password: written.get('password') || undefined }
}

function split(text: string): Named[] {
  if (isKeywordForm(text)) return [{ name: undefined, text }]
  const words = text.split(/\s+/).filter((word) => word !== '')
  const [only] = words
  if (only !== undefined && words.length === 1 && !NAMED.test(only)) return [{ name: undefined, text: only }]
  return words.map((word, i) => {
    const [, name, url] = NAMED.exec(word) ?? []
    if (name === undefined || url === undefined) {
      throw new Mistake(
        `lists ${words.length} databases, but number ${i + 1} has no name`,
        'write eu=postgres://user:password@host:5432/database',
      )
    }
    if (ASSIGNED.test(name)) {
      throw new Mistake('begins with the name of a variable and a =', 'write the URL alone')
    }
    return { name, text: url }
  })
}

/** What variables say of a database: those with its name in theirs, and then those of all. */
function credentialsFor(name: string | undefined, variables: Variables): Credentials {
  const [own, all] = [
    readCredentials(prefixOf(name), variables),
    readCredentials(prefixOf(undefined), variables),
  ]
  return { user: own.user ?? all.user, password: own.password ?? all.password }
}

/** Throws a Mistake when variables say what the URL of each database says already: a new password there would be in vain. */
function checkUse(
  text: string,
  prefix: string,
  names: readonly (string | undefined)[],
  variables: Variables,
): void {
  const given = readCredentials(prefix, variables)
  const written = names.map((name) => writtenCredentials(text, name))
  for (const part of ['user', 'password'] as const) {
    if (given[part] === undefined || written.some((own) => own[part] === undefined)) continue
    throw new Mistake(
      `has a ${part}, and ${prefix}_${part.toUpperCase()} or a variable that begins so is set`,
      'set one of them',
    )
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
