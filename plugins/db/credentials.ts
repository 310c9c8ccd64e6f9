import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { PasswordSource } from '../../src/config/credentials.ts'
import type { DatabaseUrl, Endpoint, UrlFile } from '../../src/config/database-url.ts'
import { writtenCredentials } from '../../src/config/databases.ts'
import { isLocal } from '../../src/config/endpoint.ts'
import { passwordFor } from '../../src/config/passfile.ts'
import { describeError, findingOf, Mistake } from '../../src/finding.ts'
import { runPasswordCommand } from './password-command.ts'

/** Who the service is, for one connection. */
export interface Login {
  readonly user: string
  /**
   * Looks the password up; '' when there is none. It is worth asking only when the server asks. Rejects with a Mistake that
   * says where it was looked for, and holds no secret.
   */
  password(): Promise<string>
  /** What to do when the server refuses the password. */
  readonly advice: string
}

/** The bits of a file's mode that let others than its owner at it. */
const OTHERS = 0o077

/**
 * Looks up who the service is at an endpoint. A URL that is in a file is read again, for its user and its password; what
 * else is new in it takes a restart. Rejects with a Mistake when that cannot be read.
 */
export async function loginOf(url: DatabaseUrl, endpoint: Endpoint): Promise<Login> {
  const written = url.file === undefined ? undefined : await reread(url.file)
  const user = written?.user ?? url.user
  const source: PasswordSource =
    written?.password === undefined ? url.password : { from: 'text', text: written.password }
  const fromFile = written?.password !== undefined
  return {
    user,
    password: () => passwordOf(source, { ...url, user }, endpoint),
    advice: advise(source, fromFile),
  }
}

/** Says where a new password belongs; what is read for each connection needs no restart. */
function advise(source: PasswordSource, fromFile: boolean): string {
  const used = 'is used at the next try, without a restart'
  if (fromFile) return `the password of the role is another: a new one in DATABASE_URL_FILE ${used}`
  switch (source.from) {
    case 'file':
      return `the password of the role is another: a new one in the file of ${source.variable} ${used}`
    case 'command':
      return `the password of the role is another: what ${source.variable} writes ${used}`
    case 'passfile':
      return `the password of the role is another: a new one in ${source.path ?? '~/.pgpass'} ${used}`
    case 'text':
      return 'the password of the role is another: a new one in DATABASE_URL or DATABASE_PASSWORD takes a restart, and one in DATABASE_PASSWORD_FILE does not'
  }
}

/** Resolves to undefined for what can be read only once, such as a pipe. */
async function reread({ path, name }: UrlFile) {
  const text = await content('DATABASE_URL_FILE', path)
  try {
    return text === undefined ? undefined : writtenCredentials(text, name)
  } catch (cause) {
    const { problem, advice } = findingOf(cause)
    throw new Mistake(`the URL in DATABASE_URL_FILE ${problem} (value hidden)`, advice, { cause })
  }
}

async function passwordOf(source: PasswordSource, url: DatabaseUrl, endpoint: Endpoint): Promise<string> {
  switch (source.from) {
    case 'text':
      return source.text
    case 'file': {
      const text = await content(source.variable, source.path)
      if (text === '') throw new Mistake(`${source.variable} is "${source.path}", which is empty`)
      if (text === undefined) throw new Mistake(`${source.variable} is "${source.path}", which is not a file`)
      return text
    }
    case 'command':
      return runPasswordCommand(source, url, endpoint)
    case 'passfile':
      return passwordInFile(source.path, url, endpoint)
  }
}

/** Resolves to undefined when the path is not that of a regular file. */
async function content(variable: string, path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isFile() ? (await readFile(path, 'utf8')).trim() : undefined
  } catch (cause) {
    const problem = `${variable} is "${path}", which cannot be read: ${describeError(cause)}`
    throw new Mistake(problem, undefined, { cause })
  }
}

/** As libpq does, it takes no notice of a path that is not there, or not a file. One that others can read is a mistake. */
async function passwordInFile(
  given: string | undefined,
  { user, database }: DatabaseUrl,
  { host, port, ...endpoint }: Endpoint,
): Promise<string> {
  const path = given ?? join(homedir(), '.pgpass')
  try {
    const stats = await stat(path)
    if (!stats.isFile()) return ''
    if ((stats.mode & OTHERS) !== 0) {
      throw new Mistake(
        `the password file ${path} is not used, because its group or all may read it`,
        'make it the mode 0600: chmod 600',
      )
    }
    const file = await readFile(path, 'utf8')
    const hosts = isLocal({ host, ...endpoint }) ? [host, 'localhost'] : [host]
    return hosts.map((name) => passwordFor(file, name, port, database, user)).find((found) => found) ?? ''
  } catch (cause) {
    if (cause instanceof Mistake) throw cause
    if (given === undefined || (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'))
      return ''
    throw new Mistake(`the password file ${path} cannot be read: ${describeError(cause)}`, undefined, {
      cause,
    })
  }
}
