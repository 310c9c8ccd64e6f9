import type { DatabaseSettings } from './databases.ts'
import { SECRETS, type Variable, variables } from './variables.ts'

/** Hosts that only this machine reaches. */
export const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/

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
  const databases = (values.DATABASE_URL ?? []) as readonly DatabaseSettings[]
  const quorum = Number(values.DATABASE_QUORUM)
  for (const { name, url } of databases) {
    const hosts = url.endpoints.length
    if (!(quorum > hosts)) continue
    const of = name === undefined ? '' : ` for "${name}"`
    problems.push(
      `DATABASE_QUORUM is "${quorum}", but DATABASE_URL lists ${hosts} ${hosts === 1 ? 'host' : 'hosts'}${of}: it takes ${variables.DATABASE_QUORUM.takes}`,
    )
  }
  problems.push(...companionProblems(values))
  if (problems.length > 0) throw new ConfigError(problems)
  if (quorum > 0) values.DATABASE_URL = databases.map((database) => ({ ...database, quorum }))
  // Every name of `variables` was read above without a problem.
  return values as Config
}

/** What is wrong with variables that others go with, or do not. */
function companionProblems(values: Partial<Record<VariableName, unknown>>): string[] {
  const problems: string[] = []
  if (!values.TLS_CERT_FILE !== !values.TLS_KEY_FILE) {
    const [set, other] = values.TLS_CERT_FILE
      ? ['TLS_CERT_FILE', 'TLS_KEY_FILE']
      : ['TLS_KEY_FILE', 'TLS_CERT_FILE']
    problems.push(`${set} is set and ${other} is not: set both, or neither`)
  }
  if (values.LEADER_ELECTION && values.STATE_FILE) {
    problems.push(
      'STATE_FILE is set and LEADER_ELECTION is true: a replica that begins to lead counts from 0, so set one of them',
    )
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
