import type { DatabaseSettings } from './databases.ts'
import type { Config, Environment } from './read.ts'
import type { Variable } from './variable.ts'
import { isHidden, NAMES, type VariableName, variables } from './variables.ts'

/** The value of a variable, as it can be shown to anybody who may see the service. */
export interface Setting {
  readonly name: VariableName
  /** Undefined when the variable is not set and has no default. */
  readonly value: string | undefined
  /** Whether the environment sets it. */
  readonly given: boolean
}

/** Returns the configuration that is in effect: a secret is shown as "(set)", a database without its password. */
export function settingsOf(environment: Environment, config: Config): Setting[] {
  return NAMES.map((name) => ({
    name,
    value: textOf(name, environment, config),
    given: Boolean(environment[name]),
  }))
}

function textOf(name: VariableName, environment: Environment, { databases }: Config): string | undefined {
  if (name === 'DATABASE_URL') return databases.map(urlOf).join(' ')
  if (name === 'DATABASE_QUORUM') return [...new Set(databases.map(({ quorum }) => quorum))].join(', ')
  const variable: Variable<unknown> = variables[name]
  const text = environment[name] || variable.default
  return isHidden(name) && text !== undefined ? '(set)' : text
}

function urlOf({ name, url }: DatabaseSettings): string {
  const { endpoints, user, database, sessionAttrs, sslMode } = url
  const hosts = endpoints.map((endpoint) => endpoint.name).join()
  const prefix = name === undefined ? '' : `${name}=`
  return `${prefix}postgres://${user}@${hosts}/${database}?target_session_attrs=${sessionAttrs}&sslmode=${sslMode}`
}
