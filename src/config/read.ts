// Configuration: variables, the database URL, arguments of commands. Imports src/time/ and src/finding.ts only.
import { describeError, type Finding, findingOf, Mistake, renderFinding } from '../finding.ts'
import { findInCompanions } from './companions.ts'
import { CREDENTIAL_VARIABLE, type CredentialVariable } from './credentials.ts'
import { type DatabaseSettings, withQuorum } from './databases.ts'
import { findEmpty } from './empty.ts'
import { readDatabases } from './given-databases.ts'
import { PG_VARIABLES } from './libpq.ts'
import { readSecret } from './secret.ts'
import type { Variable } from './variable.ts'
import {
  type DefaultedName,
  isSecret,
  NAMES,
  type Parsed,
  SECRETS,
  type VariableName,
  variables,
} from './variables.ts'

/** The text of every variable that is set. An empty text counts as not set, except where that would let everybody in. */
export type Environment = Readonly<Partial<Record<VariableName | CredentialVariable | `PG${string}`, string>>>

/** The value of every variable; undefined when it is not set and has no default. */
type Values = Pick<Parsed, DefaultedName> & Partial<Parsed>

/** What `databases` says in a better way. */
type Told = 'DATABASE_URL' | 'DATABASE_PASSWORD'

/** The configuration: the value of every variable, durations in milliseconds, and the databases of DATABASE_URL. */
export type Config = Omit<Values, Told> & { readonly databases: readonly DatabaseSettings[] }

/** Everything that is wrong with the environment. Its message has a line for each finding. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly findings: readonly Finding[]

  constructor(findings: readonly Finding[]) {
    super(findings.map(lineOf).join('\n'))
    this.findings = findings
  }
}

function lineOf(finding: Finding): string {
  return renderFinding(finding, ': ')
}

/** Returns what an error says, a line for each of its findings. */
export function linesOf(error: unknown): readonly string[] {
  return error instanceof ConfigError ? error.findings.map(lineOf) : [describeError(error)]
}

/**
 * The JSON schema that @fastify/env reads the environment with; the values are texts, `readConfig` parses them. Patterns are compiled
 * in a tenth of the time that as many properties take.
 */
export const schema = {
  type: 'object',
  patternProperties: Object.fromEntries(
    [`^(${[...NAMES, ...PG_VARIABLES].join('|')})$`, CREDENTIAL_VARIABLE.source].map((pattern) => [
      pattern,
      { type: 'string' },
    ]),
  ),
}

/** The variables as a type in which the parser of a name returns the value of that name. */
const parsers: { readonly [Name in VariableName]: Variable<Parsed[Name]> } = variables

/**
 * Reads the configuration that an environment describes. `readFile` returns the content of a file, or throws. Throws
 * one ConfigError with every problem in it; no message holds a secret.
 */
export function readConfig(environment: Environment, readFile: (path: string) => string): Config {
  const findings: Finding[] = []
  const values: { -readonly [Name in VariableName]?: Parsed[Name] } = {}
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      findings.push(findingOf(error))
      return undefined
    }
  }
  const read = <Name extends VariableName>(name: Name) => {
    const value = attempt(() => {
      const text = isSecret(name)
        ? readSecret(name, environment[name], environment[`${name}_FILE`], readFile)
        : environment[name]
      const given = text || parsers[name].default
      return given === undefined ? undefined : parse(name, given)
    })
    if (value !== undefined) values[name] = value
  }
  for (const name of NAMES) if (!isSecret(name)) read(name)
  for (const name of SECRETS) read(name)
  const databases = attempt(() => {
    // When the file of DATABASE_URL cannot be read, that has been said.
    if (values.DATABASE_URL === undefined && environment.DATABASE_URL_FILE) return undefined
    return readDatabases(values.DATABASE_URL, environment, readFile)
  })
  findings.push(...findEmpty(environment), ...findInCompanions(values, databases))
  if (findings.length > 0 || databases === undefined || !isComplete(values)) throw new ConfigError(findings)
  const { DATABASE_URL: _, DATABASE_PASSWORD: __, ...others } = values
  return { ...others, databases: withQuorum(databases, values.DATABASE_QUORUM) }
}

/** Throws a Mistake that names the variable, and the text unless that is secret. */
function parse<Name extends VariableName>(name: Name, text: string): Parsed[Name] {
  const { parse, takes } = parsers[name]
  try {
    return parse(text)
  } catch (cause) {
    if (!isSecret(name)) throw new Mistake(`${name} is "${text}"`, `it takes ${takes}`, { cause })
    const { problem, advice } = findingOf(cause)
    throw new Mistake(`${name} ${problem} (value hidden)`, advice, { cause })
  }
}

function isComplete(values: Partial<Parsed>): values is Values {
  return NAMES.every((name) => parsers[name].default === undefined || values[name] !== undefined)
}
