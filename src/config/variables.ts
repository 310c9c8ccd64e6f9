import { parseDatabaseUrl } from './database-url.ts'
import {
  choice,
  type Defaulted,
  duration,
  flag,
  integer,
  text,
  token,
  url,
  type Variable,
  whole,
  word,
} from './variable.ts'

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** setInterval, and so the scheduler, cannot wait longer than 2^31 - 1 milliseconds. */
const LONGEST_TICK = '24h'

/** Every environment variable of the service. Durations become milliseconds. */
export const variables = {
  SERVICE_NAME: text('a name of the service for people'),
  METRICS_TICK_DURATION: duration('60s', '1s', LONGEST_TICK),
  METRICS_ZEROS: choice('all', ['all', 'counters']),
  DATABASE_URL: text('a PostgreSQL URL, or several with names'),
  DATABASE_URL_FILE: text('the path of a file that holds the PostgreSQL URL'),
  DATABASE_USER: text('the user, where the URL has none'),
  DATABASE_PASSWORD: text('the password, where the URL has none'),
  DATABASE_PASSWORD_FILE: text('the path of a file that holds the password'),
  DATABASE_PASSWORD_COMMAND: text('a command that writes the password'),
  DATABASE_QUORUM: {
    takes: 'a whole number from 1 to the number of hosts in DATABASE_URL',
    parse: (given: string) => integer(given, 1, Number.MAX_SAFE_INTEGER),
  },
  DATABASE_WAIT_TIMEOUT: duration('0', '0', LONGEST_TICK),
  DATABASE_MAX_LAG: duration('30s', '0'),
  HOST: { ...text('an address to listen on'), default: '0.0.0.0' },
  PORT: whole('9993', 0, 65535),
  METRICS_TOKEN: token(),
  METRICS_TOKEN_FILE: text('the path of a file that holds the token'),
  TLS_CERT_FILE: text('the path of a file with the certificate chain of the metrics listener'),
  TLS_KEY_FILE: text('the path of a file with its key'),
  TLS_CLIENT_CA_FILE: text('the path of a file with the certificates that sign those of clients'),
  DEBUG_HOST: { ...text('an address to listen on'), default: '127.0.0.1' },
  DEBUG_PORT: whole('6063', 0, 65535),
  DEBUG_TOKEN: token(),
  DEBUG_TOKEN_FILE: text('the path of a file that holds the token'),
  PROMETHEUS_URL: url(),
  GRAFANA_URL: url(),
  COLLECTORS: {
    /** The empty list selects all collectors. */
    default: '',
    takes: 'names of collectors, separated by commas',
    parse: (given: string) => given.split(',').flatMap((name) => name.trim() || []),
  },
  COLLECTORS_FOLDER: text('the path of a folder of collectors'),
  COLLECTOR_CONCURRENCY: whole('4', 1, 100),
  COLLECTOR_TIMEOUT: duration('30s', '100ms', LONGEST_TICK),
  COLLECTOR_MAX_SERIES: whole('10000', 1, 10_000_000),
  COLLECTOR_STALE_AFTER: duration('10m', '0'),
  OPENMETRICS_CREATED: flag(),
  LEADER_ELECTION: flag(),
  LEADER_GROUP: text('a name that replicas have in common'),
  STATE_FILE: text('the path of a file to keep the counters in'),
  STATE_URL: {
    takes: 'the URL of a PostgreSQL to keep the counters in',
    parse: (given: string) => parseDatabaseUrl(given),
  },
  STATE_URL_FILE: text('the path of a file that holds it'),
  STATE_MAX_AGE: duration('24h', '1m'),
  LOG_LEVEL: choice('info', LOG_LEVELS),
  LOG_FORMAT: word(['json', 'pretty']),
  LOG_VALUES: flag('true'),
} satisfies Record<string, Variable<unknown>>

type Variables = typeof variables
export type VariableName = keyof Variables

/** What the parser of each variable returns. */
export type Parsed = { readonly [Name in VariableName]: ReturnType<Variables[Name]['parse']> }

/** The variables that always have a value. */
export type DefaultedName = {
  [Name in VariableName]: Variables[Name] extends Defaulted<unknown> ? Name : never
}[VariableName]

/** The names of all variables. */
export const NAMES: readonly VariableName[] = Object.keys(variables).filter(isVariableName)

/** Variables whose text may come from a file instead, and is never shown. */
export const SECRETS = ['DATABASE_URL', 'STATE_URL', 'METRICS_TOKEN', 'DEBUG_TOKEN'] as const
export type SecretName = (typeof SECRETS)[number]

export function isSecret(name: VariableName): name is SecretName {
  return SECRETS.some((secret) => secret === name)
}

/** Variables that are never shown. A command may hold a password, too. */
const HIDDEN: readonly VariableName[] = [...SECRETS, 'DATABASE_PASSWORD', 'DATABASE_PASSWORD_COMMAND']

export function isHidden(name: VariableName): boolean {
  return HIDDEN.includes(name)
}

function isVariableName(name: string): name is VariableName {
  return Object.hasOwn(variables, name)
}
