/** Schemes of data source names that lead to PostgreSQL, or to a store that keeps the name itself. */
const POSTGRES =
  /^(postgres|postgresql|pgsql|pg|pgx|px|awssecretsmanager|gcpsecretmanager|hashivault|k8ssecret)$/
const PLAIN_PATH = /^\/[\w.-]*$/
const PLAIN = /^[\w.-]*$/

/** Where a data source name leads, without what is secret of it. */
export interface Source {
  /** The scheme of an engine that is not PostgreSQL. */
  readonly foreign: string | undefined
  readonly host: string
  readonly user: string
  readonly database: string
  /** A URL without its password; `postgres://…` when parts of it cannot be told from a password. */
  readonly url: string
}

/** Reads a data source name. No part of the result is of its password. */
export function sourceOf(name: string | undefined): Source {
  const [, scheme = ''] = /^([a-z][a-z0-9]*)(?:\+[a-z0-9]+)*:\/\//i.exec(name ?? '') ?? []
  const known = scheme.toLowerCase()
  const foreign = scheme === '' || POSTGRES.test(known) ? undefined : known
  const unknown = { foreign, host: '', user: '', database: '', url: 'postgres://…' }
  if (name === undefined || !/^(postgres|postgresql|pg|pgx)$/.test(known) || !URL.canParse(name))
    return unknown
  const { username, hostname, port, pathname, hash } = new URL(name)
  // A password that is not encoded may make any part of it that follows.
  const isClear =
    hash === '' &&
    (pathname === '' || PLAIN_PATH.test(pathname)) &&
    [username, hostname].every((part) => PLAIN.test(part)) &&
    (name.split('@').length === 2 ? username !== '' : !name.includes('@'))
  if (!isClear) return unknown
  const user = username === '' ? '' : `${username}@`
  const host = port === '' ? hostname : `${hostname}:${port}`
  return {
    foreign,
    host,
    user: username,
    database: pathname.slice(1),
    url: `postgres://${user}${host}${pathname}`,
  }
}

/** The value of DATABASE_URL for these databases. */
export function databaseUrl(sources: ReadonlyMap<string, Source>): string {
  const [[, only] = [], another] = sources
  if (another === undefined) return `DATABASE_URL=${only?.url ?? 'postgres://…'}`
  const urls = [...sources].map(([name, { url }]) => `${name}=${url}`)
  return `DATABASE_URL='${urls.join(' ')}'`
}

/** The value of DATABASE_URL for databases of which only the names are known. */
export function namedUrls(names: readonly string[]): string {
  return `DATABASE_URL='${names.map((name) => `${name}=postgres://…`).join(' ')}'`
}

/** What a database may be called in DATABASE_URL. */
export function nameFor(text: string): string {
  const words = text.match(/[a-z0-9]+/gi)?.join('-') ?? 'database'
  if (/^[a-z][\w-]*$/i.test(text)) return text
  return /^[a-z]/i.test(words) ? words : `db-${words}`
}
