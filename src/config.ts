import { formatDuration, parseDuration } from './duration.ts'
import { type DatabaseUrl, parseDatabaseUrl } from './endpoint.ts'

/** One environment variable: its text when it is not set, what it takes, and how its text becomes its value. */
interface Variable<T> {
  readonly default?: string
  readonly takes: string
  /** A secret's text appears in no message. */
  readonly secret?: boolean
  /** Throws when the text is not what the variable takes; a message that is worth showing says why. */
  readonly parse: (text: string) => T
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** setInterval, and so the scheduler, cannot wait longer than 2^31 - 1 milliseconds. */
const LONGEST_TICK = '24h'

/** Every environment variable of the service. Durations become milliseconds. */
const variables = {
  METRICS_TICK_DURATION: duration('60s', '1s', LONGEST_TICK),
  DATABASE_URL: { takes: 'a PostgreSQL URL', secret: true, parse: parseDatabaseUrl },
  DATABASE_URL_FILE: text('', 'the path of a file that holds the PostgreSQL URL'),
  DATABASE_QUORUM: {
    takes: 'a whole number from 1 to the number of hosts in DATABASE_URL',
    /** 0, which nobody can write, stands for a majority until the hosts are known. */
    parse: (text: string) => (text === '' ? 0 : integer(text, 1, Number.MAX_SAFE_INTEGER)),
  },
  DATABASE_WAIT_TIMEOUT: duration('0', '0', LONGEST_TICK),
  HOST: text('0.0.0.0', 'an address to listen on'),
  PORT: whole('9993', 0, 65535),
  METRICS_TOKEN: token(),
  METRICS_TOKEN_FILE: text('', 'the path of a file that holds the token'),
  TLS_CERT_FILE: text('', 'the path of a file with the certificate chain of the metrics listener'),
  TLS_KEY_FILE: text('', 'the path of a file with its key'),
  TLS_CLIENT_CA_FILE: text('', 'the path of a file with the certificates that sign those of clients'),
  DEBUG_HOST: text('127.0.0.1', 'an address to listen on'),
  DEBUG_PORT: whole('6063', 0, 65535),
  DEBUG_TOKEN: token(),
  DEBUG_TOKEN_FILE: text('', 'the path of a file that holds the token'),
  COLLECTORS: {
    default: '',
    takes: 'names of collectors, separated by commas',
    parse: (text: string) => text.split(',').flatMap((name) => name.trim() || []),
  },
  COLLECTOR_CONCURRENCY: whole('4', 1, 100),
  COLLECTOR_TIMEOUT: duration('30s', '100ms', LONGEST_TICK),
  COLLECTOR_MAX_SERIES: whole('10000', 1, 10_000_000),
  COLLECTOR_STALE_AFTER: duration('10m', '0'),
  STATE_FILE: text('', 'the path of a file to keep the counters in'),
  STATE_MAX_AGE: duration('24h', '1m'),
  LOG_LEVEL: {
    default: 'info',
    takes: `one of ${LOG_LEVELS.join(', ')}`,
    parse(text: string) {
      const level = LOG_LEVELS.find((known) => known === text)
      if (level === undefined) throw new Error('unknown level')
      return level
    },
  },
} satisfies Record<string, Variable<unknown>>

/** Variables whose text may come from a file, and is never shown. */
const SECRETS = ['DATABASE_URL', 'METRICS_TOKEN', 'DEBUG_TOKEN'] as const
/** Hosts that only this machine reaches. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/

type Variables = typeof variables
export type VariableName = keyof Variables
/** The text of every variable that is set. */
export type Environment = Readonly<Partial<Record<VariableName, string>>>

/** The value of every variable: durations in milliseconds, lists as arrays. */
export type Config = {
  readonly [Name in Exclude<VariableName, 'METRICS_TOKEN' | 'DEBUG_TOKEN'>]: ReturnType<
    Variables[Name]['parse']
  >
} & { readonly METRICS_TOKEN?: string; readonly DEBUG_TOKEN?: string }

/** All that is wrong with the environment, a line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The JSON schema that @fastify/env reads the environment with; the values are texts, `readConfig` parses them. */
export const schema = {
  type: 'object',
  properties: Object.fromEntries(Object.keys(variables).map((name) => [name, { type: 'string' }])),
}

/**
 * The configuration that an environment describes. An empty text counts as not set. `readFile` returns the content
 * of a file, or throws. Throws one ConfigError with every problem in it; no message holds a secret.
 */
export function readConfig(environment: Environment, readFile: (path: string) => string): Config {
  const problems: string[] = []
  const read = <Name extends VariableName>(name: Name, text = environment[name]) => {
    const variable: Variable<unknown> = variables[name]
    const given = text || variable.default || ''
    try {
      return variable.parse(given)
    } catch (error) {
      problems.push(describe(name, variable, given, error))
      return undefined
    }
  }

  const values: Partial<Record<VariableName, unknown>> = {}
  const secrets: readonly string[] = SECRETS
  for (const name of Object.keys(variables) as VariableName[]) {
    if (!secrets.includes(name)) values[name] = read(name)
  }
  for (const name of SECRETS) {
    const text = readSecret(name, environment, readFile, problems)
    if (text !== undefined) values[name] = read(name, text)
  }
  if (!environment.DATABASE_URL && !environment.DATABASE_URL_FILE) {
    problems.push(
      'DATABASE_URL is not set: it takes a PostgreSQL URL such as postgres://user:password@host:5432/database ' +
        '(to see the service at work without a database of your own: npm run demo)',
    )
  }
  const database = values.DATABASE_URL as DatabaseUrl | undefined
  const hosts = database?.endpoints.length
  if (hosts !== undefined && Number(values.DATABASE_QUORUM) > hosts) {
    problems.push(
      `DATABASE_QUORUM is "${values.DATABASE_QUORUM}", but DATABASE_URL lists ${hosts} ${hosts === 1 ? 'host' : 'hosts'}: it takes ${variables.DATABASE_QUORUM.takes}`,
    )
  }
  problems.push(...doorProblems(values))
  if (problems.length > 0 || hosts === undefined) throw new ConfigError(problems)
  values.DATABASE_QUORUM ||= Math.floor(hosts / 2) + 1
  // Every name of `variables` was read above without a problem.
  return values as Config
}

/** What is wrong with the variables that say who may come in. */
function doorProblems(values: Partial<Record<VariableName, unknown>>): string[] {
  const problems: string[] = []
  if (!values.TLS_CERT_FILE !== !values.TLS_KEY_FILE) {
    const [set, other] = values.TLS_CERT_FILE
      ? ['TLS_CERT_FILE', 'TLS_KEY_FILE']
      : ['TLS_KEY_FILE', 'TLS_CERT_FILE']
    problems.push(`${set} is set and ${other} is not: set both, or neither`)
  }
  if (values.TLS_CLIENT_CA_FILE && !values.TLS_CERT_FILE) {
    problems.push(
      'TLS_CLIENT_CA_FILE is set and TLS_CERT_FILE is not: clients have certificates only where TLS is on',
    )
  }
  if (values.DEBUG_PORT !== 0 && !LOOPBACK.test(String(values.DEBUG_HOST)) && !values.DEBUG_TOKEN) {
    problems.push(
      `DEBUG_HOST is "${values.DEBUG_HOST}", which others can reach: set DEBUG_TOKEN too, or DEBUG_HOST to 127.0.0.1`,
    )
  }
  return problems
}

/** The text of a secret, which may be in a file that the variable with _FILE names; undefined when it is nowhere. */
function readSecret(
  name: (typeof SECRETS)[number],
  environment: Environment,
  readFile: (path: string) => string,
  problems: string[],
): string | undefined {
  const [text, file] = [environment[name], environment[`${name}_FILE`]]
  if (text && file) problems.push(`${name} and ${name}_FILE are both set: set one of them`)
  else if (text) return text
  else if (file?.includes('://')) {
    problems.push(`${name}_FILE holds a URL where the path of a file is due: set ${name} to it instead`)
  } else if (file) {
    try {
      const content = readFile(file).trim()
      if (content) return content
      problems.push(`${name}_FILE is "${file}", which is empty: it takes ${variables[`${name}_FILE`].takes}`)
    } catch (error) {
      problems.push(`${name}_FILE is "${file}", which cannot be read: ${messageOf(error)}`)
    }
  }
  return undefined
}

function describe(name: VariableName, variable: Variable<unknown>, given: string, error: unknown): string {
  return variable.secret
    ? `${name} ${messageOf(error)} (its value is not shown, for it may hold a password)`
    : `${name} is "${given}": it takes ${variable.takes}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function text(fallback: string, takes: string): Variable<string> {
  return { default: fallback, takes, parse: (given) => given }
}

function token(): Variable<string> {
  return {
    takes: 'a token',
    secret: true,
    parse(given) {
      if (!/^[\x21-\x7e]+$/.test(given)) throw new Error('has a character that no header can hold')
      return given
    },
  }
}

function whole(fallback: string, from: number, to: number): Variable<number> {
  return {
    default: fallback,
    takes: `a whole number from ${from} to ${to}`,
    parse: (given) => integer(given, from, to),
  }
}

function integer(given: string, from: number, to: number): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
  if (!(value >= from && value <= to)) throw new Error('out of range')
  return value
}

function duration(fallback: string, atLeast: string, atMost?: string): Variable<number> {
  const [least, most] = [
    parseDuration(atLeast),
    atMost === undefined ? Number.POSITIVE_INFINITY : parseDuration(atMost),
  ]
  return {
    default: fallback,
    takes: `a duration such as 60s, 1m30s or 500ms${least > 0 ? `, at least ${formatDuration(least)}` : ''}${atMost === undefined ? '' : `, at most ${atMost}`}`,
    parse(given) {
      const value = parseDuration(given)
      if (value < least || value > most) throw new Error('out of range')
      return value
    },
  }
}
