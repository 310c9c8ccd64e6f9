import { Mistake } from '../finding.ts'
import { DEFAULT_SEARCH_PATH, searchPathOf } from './search-path.ts'

/** One host:port of a PostgreSQL URL. */
export interface Endpoint {
  /** `host:port`, with no credentials: the value of the `endpoint` label. */
  readonly name: string
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
}

/**
 * Which sessions are fit for collection, as libpq's `target_session_attrs`.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
 */
export const SESSION_ATTRS = [
  'any',
  'read-only',
  'read-write',
  'primary',
  'standby',
  'prefer-standby',
] as const
export type SessionAttrs = (typeof SESSION_ATTRS)[number]

/**
 * How the connection is encrypted, as libpq's `sslmode`.
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 */
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
type SslMode = (typeof SSL_MODES)[number]

/** The parts of one PostgreSQL URL. */
export interface DatabaseUrl {
  readonly endpoints: readonly Endpoint[]
  readonly user: string
  readonly password: string
  readonly database: string
  readonly sessionAttrs: SessionAttrs
  readonly sslMode: SslMode
  /** The path of a file with the certificates to trust, instead of those that the system trusts. */
  readonly sslRootCert: string | undefined
  /** Milliseconds in which a connection must be ready for its first query. */
  readonly connectTimeout: number
  /** The schemas in which names without a schema are looked up, as PostgreSQL's search_path has them. */
  readonly searchPath: string
}

/** The role of a server, as far as `target_session_attrs` depends on it. */
export interface Role {
  readonly inRecovery: boolean
  readonly readOnly: boolean
}

const URL_FORM =
  /^postgres(?:ql)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^@#]*))?$/
const HOST_FORM = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d+))?$/
const DEFAULT_CONNECT_TIMEOUT = 5000

/**
 * Reads a PostgreSQL URL that may list hosts: `postgres://user:password@h1:5432,h2:5433/database?option=value`.
 * Throws a Mistake that says what is wrong with it and never repeats the password.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const parts = URL_FORM.exec(text)
  if (parts === null) {
    throw new Mistake(
      'is not of the form postgres://user:password@host:port,host:port/database',
      'characters such as @ / : ? # in the user or the password are written as %40 %2F %3A %3F %23',
    )
  }
  // A part that is left out is empty.
  const [, userPart = '', password = '', hosts = '', database = '', options = ''] = parts
  const user = decode(userPart, 'user')
  if (user === '') throw new Mistake('has no user', 'write postgres://user:password@host:port/database')
  return {
    endpoints: parseHosts(hosts),
    user,
    password: decode(password, 'password'),
    database: decode(database, 'database') || user,
    ...parseOptions(new URLSearchParams(options)),
  }
}

/** Returns whether a server with this role may serve a session with these attributes. */
export function isFit(role: Role, attrs: SessionAttrs): boolean {
  switch (attrs) {
    case 'read-only':
      return role.readOnly || role.inRecovery
    case 'read-write':
      return !role.readOnly && !role.inRecovery
    case 'primary':
      return !role.inRecovery
    case 'standby':
      return role.inRecovery
    case 'any':
    case 'prefer-standby':
      return true
  }
}

function parseHosts(text: string): Endpoint[] {
  const endpoints = text.split(',').map((host): Endpoint => {
    const parts = HOST_FORM.exec(host)
    if (parts === null) throw new Mistake(`is wrong: "${host}" is not host:port`)
    const [, address, text = '', digits = '5432'] = parts
    const port = Number(digits)
    if (port < 1 || port > 65535) throw new Mistake(`is wrong: "${host}" is not host:port`)
    const name = address ?? (decode(text, 'host') || 'localhost')
    return { name: `${name.includes(':') ? `[${name}]` : name}:${port}`, host: name, port }
  })
  const twice = endpoints.find((endpoint, i) => endpoints.findIndex(({ name }) => name === endpoint.name) < i)
  if (twice !== undefined) throw new Mistake(`lists ${twice.name} twice`)
  return endpoints
}

function parseOptions(
  options: URLSearchParams,
): Pick<DatabaseUrl, 'sessionAttrs' | 'sslMode' | 'sslRootCert' | 'connectTimeout' | 'searchPath'> {
  let sessionAttrs: SessionAttrs = 'prefer-standby'
  let sslMode: SslMode = 'prefer'
  let sslRootCert: string | undefined
  let connectTimeout = DEFAULT_CONNECT_TIMEOUT
  let searchPath = DEFAULT_SEARCH_PATH
  for (const [name, value] of options) {
    switch (name) {
      case 'target_session_attrs':
        sessionAttrs = oneOf(SESSION_ATTRS, name, value)
        break
      case 'sslmode':
        sslMode = oneOf(SSL_MODES, name, value)
        break
      case 'sslrootcert':
        sslRootCert = value
        break
      case 'connect_timeout':
        if (!/^[1-9]\d{0,3}$/.test(value)) {
          throw new Mistake(`has the option connect_timeout=${value}`, 'it takes seconds from 1 to 9999')
        }
        connectTimeout = Number(value) * 1000
        break
      case 'search_path':
        searchPath = value
        break
      case 'options':
        searchPath = searchPathOf(value)
        break
      default:
        throw new Mistake(
          `has the option ${name}, which is not supported`,
          'the options are target_session_attrs, sslmode, sslrootcert, connect_timeout, search_path and options',
        )
    }
  }
  return { sessionAttrs, sslMode, sslRootCert, connectTimeout, searchPath }
}

function oneOf<T extends string>(values: readonly T[], option: string, value: string): T {
  const found = values.find((known) => known === value)
  if (found !== undefined) return found
  throw new Mistake(`has the option ${option}=${value}`, `it takes ${values.join(', ')}`)
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    const problem = `has a % in its ${part} that does not begin an escape such as %40`
    throw new Mistake(problem, 'write % as %25', { cause })
  }
}
