import { describeError, Mistake } from '../finding.ts'
import { type SecretName, variables } from './variables.ts'

/**
 * Returns the text of a secret, which may be in a file that the variable with `_FILE` names; undefined when neither is
 * set. An empty text counts as not set. Throws a Mistake that names the variable and does not hold the secret.
 */
export function readSecret(
  name: SecretName,
  text: string | undefined,
  file: string | undefined,
  readFile: (path: string) => string,
): string | undefined {
  if (!file) return text
  const variable = `${name}_FILE` as const
  if (text) throw new Mistake(`${name} and ${variable} are both set`, 'set one of them')
  if (file.includes('://'))
    throw new Mistake(`${variable} is a URL, not the path of a file`, `set ${name} instead`)
  return readSecretFile(variable, file, readFile, variables[variable].takes)
}

/** Returns what a file holds, without the white space around it. Throws a Mistake that names the variable with its path. */
export function readSecretFile(
  variable: string,
  file: string,
  readFile: (path: string) => string,
  takes?: string,
): string {
  const content = read(variable, file, readFile).trim()
  if (content !== '') return content
  const advice = takes === undefined ? undefined : `it takes ${takes}`
  throw new Mistake(`${variable} is "${file}", which is empty`, advice)
}

function read(variable: string, file: string, readFile: (path: string) => string): string {
  try {
    return readFile(file)
  } catch (cause) {
    const problem = `${variable} is "${file}", which cannot be read: ${describeError(cause)}`
    throw new Mistake(problem, undefined, { cause })
  }
}
