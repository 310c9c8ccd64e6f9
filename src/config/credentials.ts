import { Mistake } from '../finding.ts'

/** Where a password is, to be looked up for each new connection. */
export type PasswordSource =
  | { readonly from: 'text'; readonly text: string }
  /** A file that holds it alone; the variable names the file. */
  | { readonly from: 'file'; readonly variable: string; readonly path: string }
  /** A command line for sh that writes it; the variable holds the command. */
  | { readonly from: 'command'; readonly variable: string; readonly command: string }
  /** A password file as libpq has it; without a path it is `.pgpass` in the home folder, and need not be there. */
  | { readonly from: 'passfile'; readonly path: string | undefined }

export interface Credentials {
  readonly user: string | undefined
  readonly password: PasswordSource | undefined
}

/** How the names of variables end that say who the service is: after DATABASE, or DATABASE and a database's name. */
type Credential = 'USER' | 'PASSWORD' | 'PASSWORD_FILE' | 'PASSWORD_COMMAND'

/** A variable such as DATABASE_EU_PASSWORD_FILE. */
export type CredentialVariable = `DATABASE_${string}_${Credential}`
export const CREDENTIAL_VARIABLE = /^DATABASE_[A-Z0-9_]+_(USER|PASSWORD(_FILE|_COMMAND)?)$/

/** How the name of a database is written in the names of its variables. */
export function prefixOf(database: string | undefined): string {
  return database === undefined ? 'DATABASE' : `DATABASE_${database.toUpperCase().replaceAll('-', '_')}`
}

/** Reads the variables that begin with a prefix. Throws a Mistake when two of them say what the password is. */
export function readCredentials(
  prefix: string,
  variables: Readonly<Record<string, string | undefined>>,
): Credentials {
  const textOf = (end: Credential) => variables[`${prefix}_${end}`] || undefined
  const [text, path, command] = [textOf('PASSWORD'), textOf('PASSWORD_FILE'), textOf('PASSWORD_COMMAND')]
  const sources: PasswordSource[] = []
  if (text !== undefined) sources.push({ from: 'text', text })
  if (path !== undefined) sources.push({ from: 'file', variable: `${prefix}_PASSWORD_FILE`, path })
  if (command !== undefined)
    sources.push({ from: 'command', variable: `${prefix}_PASSWORD_COMMAND`, command })
  if (sources.length > 1) {
    const problem = `has several passwords beside it: more than one of ${prefix}_PASSWORD, ${prefix}_PASSWORD_FILE and ${prefix}_PASSWORD_COMMAND is set`
    throw new Mistake(problem, 'set one of them')
  }
  return { user: textOf('USER'), password: sources[0] }
}
