import { Mistake } from '../finding.ts'
import type { Option } from './option.ts'

/** PostgreSQL's own default: https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH */
export const DEFAULT_SEARCH_PATH = '"$user", public'

/** What libpq's `options` ask of the server for a session. */
export interface SessionOptions {
  readonly searchPath: string | undefined
  /** The rest of them, as the server takes them at the start of a session; undefined when there are none. */
  readonly rest: string | undefined
}

/** Settings of a session that the service makes itself, beside those that it makes in each transaction. */
const OWN_OF_SESSION = [
  'application_name',
  'client_encoding',
  'default_transaction_read_only',
  'idle_session_timeout',
]

/** Settings that the service makes in each transaction. */
export const OWN_SETTINGS: readonly string[] = [
  ...OWN_OF_SESSION,
  'array_nulls',
  'bytea_output',
  'datestyle',
  'extra_float_digits',
  'gin_fuzzy_search_limit',
  'idle_in_transaction_session_timeout',
  'intervalstyle',
  'lc_numeric',
  'lc_time',
  'lock_timeout',
  'quote_all_identifiers',
  'standard_conforming_strings',
  'statement_timeout',
  'timezone',
  'timezone_abbreviations',
  'transform_null_equals',
  'xmlbinary',
  'xmloption',
]

/** A setting as the server takes it on its command line: `-c name=value`, `-cname=value` or `--name=value`. */
const SETTING = /^(?:-c ?|--)([^= ]*)=(.*)$/s

/**
 * Reads them. A backslash escapes a space in them. Throws a Mistake when they make a setting that is the service's own,
 * because it would change nothing.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
 */
export const SESSION_OPTIONS: Option<SessionOptions> = {
  variable: 'PGOPTIONS',
  takes: 'settings, such as -c search_path=app',
  parse(text = '') {
    const words = Array.from(text.matchAll(/(?:\\.|[^\s\\])+/gs), ([word]) => word)
    const rest: string[] = []
    let searchPath: string | undefined
    for (let word = words.shift(); word !== undefined; word = words.shift()) {
      const given = word === '-c' ? `-c ${words.shift() ?? ''}` : word
      const [, name = '', value = ''] = SETTING.exec(given) ?? []
      const setting = name.toLowerCase().replaceAll('-', '_')
      const own = OWN_SETTINGS.find((known) => known === setting)
      if (own !== undefined) {
        throw new Mistake(`has options that set ${own}`, 'take it out: the service sets it itself')
      }
      if (setting === 'search_path') searchPath = value.replaceAll(/\\(.)/gs, '$1')
      else rest.push(given)
    }
    return { searchPath, rest: rest.length === 0 ? undefined : rest.join(' ') }
  },
}
