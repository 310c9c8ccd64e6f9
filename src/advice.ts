import { identifier } from './identifier.ts'

type Field =
  | 'advice'
  | 'code'
  | 'detail'
  | 'hint'
  | 'internal_query'
  | 'position'
  | 'role'
  | 'severity'
  | 'where'

/** A field that PostgreSQL's driver, Node.js or the service adds to an error. */
export function fieldOf(error: Error, name: Field): string | undefined {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The SQLSTATE of an error, or the code that Node.js gave it: its own, or that of what caused it. */
export function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const code = fieldOf(at, 'code')
    if (code !== undefined) return code
  }
  return undefined
}

/**
 * What to do about an error, by its SQLSTATE or by Node's code, where its text alone does not say so.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const ADVICE: Readonly<Record<string, string | ((error: Error) => string | undefined)>> = {
  // undefined_table
  '42P01': ({ message }) =>
    message.includes('.')
      ? undefined
      : 'if it is in a schema other than public, write the schema before its name, or ?search_path=SCHEMA in DATABASE_URL',
  // insufficient_privilege
  '42501': grantFor,
  // read_only_sql_transaction
  '25006': 'write one SELECT: a collector only reads',
  // invalid_authorization_specification
  '28000': 'pg_hba.conf of the server has to let this role in from here, and the role has to have LOGIN',
  // invalid_password
  '28P01': 'the role has another password than the service was given: docs/operations.md#where-secrets-are',
  // invalid_catalog_name
  '3D000': 'the database is named by the end of the URL in DATABASE_URL, or by PGDATABASE',
  // too_many_connections
  '53300':
    "raise the role's CONNECTION LIMIT or the server's max_connections, or lower COLLECTOR_CONCURRENCY: docs/operations.md#the-database-role",
  ENOTFOUND: 'no DNS server knows this host: it is the one in DATABASE_URL, or PGHOST',
  EAI_AGAIN: 'no DNS server answers, or it does not know this host: it is the one in DATABASE_URL, or PGHOST',
}

/** What to do about an error: what a caller that knows more has added, the server's hint, or what its code tells. */
export function adviceFor(error: Error): string | undefined {
  const known = ADVICE[fieldOf(error, 'code') ?? '']
  return (
    fieldOf(error, 'advice') ?? fieldOf(error, 'hint') ?? (typeof known === 'function' ? known(error) : known)
  )
}

/** What a role needs to read an object of each kind, as PostgreSQL calls it in its message. */
const PRIVILEGES: Readonly<Record<string, string>> = {
  table: 'SELECT ON',
  view: 'SELECT ON',
  'materialized view': 'SELECT ON',
  'foreign table': 'SELECT ON',
  relation: 'SELECT ON',
  sequence: 'SELECT ON SEQUENCE',
  schema: 'USAGE ON SCHEMA',
  function: 'EXECUTE ON FUNCTION',
  procedure: 'EXECUTE ON PROCEDURE',
  aggregate: 'EXECUTE ON FUNCTION',
  type: 'USAGE ON TYPE',
  language: 'USAGE ON LANGUAGE',
  'foreign server': 'USAGE ON FOREIGN SERVER',
  database: 'CONNECT ON DATABASE',
}
const DENIED = 'permission denied for '

/** The GRANT that an error asks for, to the role that is in its field `role`. */
function grantFor(error: Error): string | undefined {
  if (!error.message.startsWith(DENIED)) return undefined
  const denied = error.message.slice(DENIED.length)
  const kind = Object.keys(PRIVILEGES).find((kind) => denied.startsWith(`${kind} `))
  if (kind === undefined) return undefined
  const written = denied.slice(kind.length + 1)
  // Of all of these, PostgreSQL quotes the name of a database alone.
  const name = kind === 'database' ? written.replace(/^"(.*)"$/s, '$1') : written
  // What is PostgreSQL's own is not given away one by one, and some of it holds passwords.
  if (name.startsWith('pg_')) return undefined
  return `write: GRANT ${PRIVILEGES[kind]} ${identifier(name)} TO ${identifier(fieldOf(error, 'role') ?? 'metrics')}`
}
