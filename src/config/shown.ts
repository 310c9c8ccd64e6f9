import type { Config, Environment, VariableName } from './read.ts'
import { SECRETS, type Variable, variables } from './variables.ts'

/** What a variable is set to, as it can be shown to anybody who may see the service. */
export interface Setting {
  readonly name: VariableName
  readonly value: string
  /** Whether the environment sets it. */
  readonly given: boolean
}

/** The configuration that is in effect: a secret is told by whether there is one, the database without its password. */
export function settingsOf(environment: Environment, config: Config): Setting[] {
  const secrets: readonly string[] = SECRETS
  return (Object.keys(variables) as VariableName[]).map((name) => {
    const given = Boolean(environment[name])
    const variable: Variable<unknown> = variables[name]
    const value = secrets.includes(name)
      ? given
        ? '(set)'
        : ''
      : environment[name] || variable.default || ''
    return { name, given, value: derived(name, config) ?? value }
  })
}

/** Where the text of the environment is not what may be shown, or not all that is in effect. */
function derived(name: VariableName, config: Config): string | undefined {
  const databases = config.DATABASE_URL
  if (name === 'DATABASE_QUORUM') return [...new Set(databases.map(({ quorum }) => quorum))].join(', ')
  if (name !== 'DATABASE_URL') return undefined
  const shown = databases.map(({ name, url }) => {
    const { endpoints, user, database, sessionAttrs, sslMode } = url
    const hosts = endpoints.map((endpoint) => endpoint.name).join()
    const prefix = name === undefined ? '' : `${name}=`
    return `${prefix}postgres://${user}@${hosts}/${database}?target_session_attrs=${sessionAttrs}&sslmode=${sslMode}`
  })
  return shown.join(' ')
}
