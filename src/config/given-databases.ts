import { findingOf, Mistake } from '../finding.ts'
import { CREDENTIAL_VARIABLE, prefixOf } from './credentials.ts'
import { type NamedUrl, parseDatabases } from './databases.ts'
import type { Variables } from './libpq.ts'
import { readSecretFile } from './secret.ts'

/**
 * Reads the databases that an environment gives: those of DATABASE_URL, whose text is given, or else the one that libpq's
 * variables name. Throws a Mistake, which names variables and holds no secret.
 */
export function readDatabases(
  text: string | undefined,
  environment: Variables,
  readFile: (path: string) => string,
): NamedUrl[] {
  const named = environment.PGHOST || environment.PGHOSTADDR
  const given = text ?? (named ? 'postgres://' : undefined)
  if (given === undefined) {
    throw new Mistake(
      'DATABASE_URL is not set',
      'it takes a PostgreSQL URL such as postgres://user:password@host:5432/database ' +
        '(to see the service at work without a database of your own: npm run demo)',
    )
  }
  const databases = parse(given, text === undefined, environment)
  for (const { url } of databases) {
    // A file that is not there yet would be said of each connection; here it is said with all else that is wrong.
    if (url.password.from === 'file') readSecretFile(url.password.variable, url.password.path, readFile)
  }
  return withStrays(databases, environment)
}

function parse(text: string, fromVariables: boolean, environment: Variables): NamedUrl[] {
  const path = environment.DATABASE_URL || fromVariables ? undefined : environment.DATABASE_URL_FILE
  try {
    return parseDatabases(text, environment, path)
  } catch (cause) {
    const { problem, advice } = findingOf(cause)
    const said = fromVariables ? `what PGHOST begins ${problem}` : `DATABASE_URL ${problem} (value hidden)`
    throw new Mistake(said, advice, { cause })
  }
}

/** Adds variables that are for a database which is not there to what is given in vain. */
function withStrays(databases: NamedUrl[], environment: Variables): NamedUrl[] {
  const prefixes = databases.map(({ name }) => `${prefixOf(name)}_`)
  const strays = Object.keys(environment).filter(
    (name) => CREDENTIAL_VARIABLE.test(name) && !prefixes.some((prefix) => name.startsWith(prefix)),
  )
  return databases.map(({ name, url }, i) =>
    i === 0 ? { name, url: { ...url, ignored: [...url.ignored, ...strays] } } : { name, url },
  )
}
