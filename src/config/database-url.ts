import { Mistake } from '../finding.ts'
import { readConnectionString } from './connection-string.ts'
import type { Credentials, PasswordSource } from './credentials.ts'
import { type Endpoint, endpointsOf } from './endpoint.ts'
import { settle, type Values, type Variables } from './libpq.ts'
import type { SessionAttrs } from './session-attrs.ts'
import { DEFAULT_SEARCH_PATH } from './session-options.ts'
import { type TlsOptions, tlsOptionsOf } from './tls-options.ts'

export type { Endpoint } from './endpoint.ts'

/** The file that a URL is in, to be read again, and the name of its database there. */
export interface UrlFile {
  readonly path: string
  readonly name: string | undefined
}

/** The parts of one PostgreSQL URL, and what is said beside it. */
export interface DatabaseUrl extends TlsOptions {
  readonly endpoints: readonly Endpoint[]
  /** The user, unless the URL is in a file that has another one meanwhile. */
  readonly user: string
  /** Where the password is, unless the URL is in a file that has one meanwhile. */
  readonly password: PasswordSource
  readonly file: UrlFile | undefined
  readonly database: string
  readonly channelBinding: Values['channel_binding']
  /** The ways in which the server may ask who the service is; undefined when nothing is said about them. */
  readonly requireAuth: Values['require_auth']
  readonly sessionAttrs: SessionAttrs
  /** Milliseconds in which a connection must be ready for its first query. */
  readonly connectTimeout: number
  readonly applicationName: string | undefined
  /** The schemas in which names without a schema are looked up, as PostgreSQL's search_path has them. */
  readonly searchPath: string
  /** The parameter `options` of the start of a session; undefined when it has none. */
  readonly sessionOptions: string | undefined
  /** Names of options and of variables that were given and change nothing. */
  readonly ignored: readonly string[]
}

/** What may be said beside a URL. */
export interface Beside {
  readonly variables?: Variables
  readonly credentials?: Credentials
  readonly file?: UrlFile | undefined
}

/**
 * Reads a PostgreSQL URL that may list hosts: `postgres://user:password@h1:5432,h2:5433/database?option=value`, or
 * libpq's other form `host=… user=…`. What it leaves out is beside it, or in libpq's variables. Throws a Mistake that says
 * what is wrong, and repeats no part of the text: it may be a part of the password.
 */
export function parseDatabaseUrl(text: string, beside: Beside = {}): DatabaseUrl {
  const { variables = {}, credentials, file } = beside
  const written = readConnectionString(text)
  const { values, ignored } = settle(written, variables)
  const own = new Map(written)
  const user = own.get('user') || credentials?.user || values.user
  if (user === undefined) {
    throw new Mistake(
      'has no user',
      'write postgres://user:password@host:port/database, or set DATABASE_USER',
    )
  }
  const password = own.get('password') ? undefined : credentials?.password
  return {
    endpoints: endpointsOf(values.host, values.hostaddr, values.port),
    user,
    password: password ?? passwordIn(values),
    file,
    database: values.dbname ?? user,
    ...tlsOptionsOf(values),
    channelBinding: values.channel_binding,
    requireAuth: values.require_auth,
    sessionAttrs: values.target_session_attrs,
    connectTimeout: values.connect_timeout,
    applicationName: values.application_name,
    searchPath: values.search_path ?? values.options.searchPath ?? DEFAULT_SEARCH_PATH,
    sessionOptions: values.options.rest,
    ignored,
  }
}

function passwordIn({ password, passfile }: Values): PasswordSource {
  return password === undefined ? { from: 'passfile', path: passfile } : { from: 'text', text: password }
}
