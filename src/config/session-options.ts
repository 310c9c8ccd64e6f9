import { Mistake } from '../finding.ts'

/** PostgreSQL's own default: https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH */
export const DEFAULT_SEARCH_PATH = '"$user", public'

/** A setting as the server takes it on its command line: `-c name=value`, `-cname=value` or `--name=value`. */
const SETTING = /^(?:-c ?|--)([^= ]*)=(.*)$/s

/**
 * Returns the search_path in libpq's `options`, in which a backslash escapes a space. Throws a Mistake when they set
 * anything else: a transaction of the service has settings of its own.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
 */
export function searchPathOf(options: string): string {
  const words = Array.from(options.matchAll(/(?:\\.|[^\s\\])+/gs), ([word]) =>
    word.replaceAll(/\\(.)/gs, '$1'),
  )
  let searchPath = DEFAULT_SEARCH_PATH
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, name = '', value = ''] = SETTING.exec(word === '-c' ? `-c ${words.shift()}` : word) ?? []
    if (name.toLowerCase().replaceAll('-', '_') !== 'search_path') {
      throw new Mistake('has options that set more than the search_path', 'write options=-c%20search_path=…')
    }
    searchPath = value
  }
  return searchPath
}
