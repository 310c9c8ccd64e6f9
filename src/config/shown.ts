import type { DatabaseSettings } from './databases.ts'
import type { Config, Environment } from './read.ts'
import type { Variable } from './variable.ts'
import { isHidden, isSecret, NAMES, type VariableName, variables } from './variables.ts'

/** The value of a variable, as it can be shown to anybody who may see the service. */
export interface Setting {
  readonly name: VariableName
  /** Undefined when the variable is not set and has no default. */
  readonly value: string | undefined
  /** Whether the environment sets it. */
  readonly given: boolean
}

/** What the service is called: SERVICE_NAME, or else the names of its databases. */
export function serviceNameOf({ SERVICE_NAME, databases }: Config): string {
  return SERVICE_NAME ?? databases.map(({ name, url }) => name ?? url.database).join(', ')
}

/** Returns the configuration that is in effect: a secret is shown as "(set)", a database without its password. */
export function settingsOf(environment: Environment, config: Config): Setting[] {
  return NAMES.map((name) => ({
    name,
    value: textOf(name, environment, config),
    given: Boolean(environment[name] || fileOf(name, environment)),
  }))
}

function textOf(name: VariableName, environment: Environment, { databases }: Config): string | undefined {
  if (name === 'DATABASE_URL') return databases.map(urlOf).join(' ')
  if (name === 'DATABASE_QUORUM') return [...new Set(databases.map(({ quorum }) => quorum))].join(', ')
  const file = fileOf(name, environment)
  if (file !== undefined) return `(set by ${file})`
  const variable: Variable<unknown> = variables[name]
  const text = environment[name] || variable.default
  return isHidden(name) && text !== undefined ? '(set)' : text
}

/** Returns the variable that names the file of a secret; undefined when the secret is in none. */
function fileOf(name: VariableName, environment: Environment): VariableName | undefined {
  if (!isSecret(name)) return undefined
  const file = `${name}_FILE` as const
  return environment[file] ? file : undefined
}

function urlOf({ name, url }: DatabaseSettings): string {
  const { endpoints, user, database, sessionAttrs, sslMode } = url
  const hosts = endpoints.map((endpoint) => endpoint.name).join()
  const prefix = name === undefined ? '' : `${name}=`
  return `${prefix}postgres://${user}@${hosts}/${database}?target_session_attrs=${sessionAttrs}&sslmode=${sslMode}`
}
