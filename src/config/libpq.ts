// libpq's options: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
import { Mistake } from '../finding.ts'
import { IGNORED, REFUSED } from './libpq-unused.ts'
import { nearest } from './nearest.ts'
import { anyText, CONNECT_TIMEOUT, flagged, type Option, oneOf, tlsVersion } from './option.ts'
import { REQUIRE_AUTH } from './require-auth.ts'
import { SESSION_ATTRS } from './session-attrs.ts'
import { SESSION_OPTIONS } from './session-options.ts'

/** How a connection is encrypted: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION */
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

/** The options that the service uses. One is not libpq's: search_path, which otherwise is written into `options`. */
export const USED = {
  host: anyText('PGHOST'),
  hostaddr: anyText('PGHOSTADDR'),
  port: anyText('PGPORT'),
  dbname: anyText('PGDATABASE'),
  user: anyText('PGUSER'),
  password: anyText('PGPASSWORD'),
  passfile: anyText('PGPASSFILE'),
  require_auth: REQUIRE_AUTH,
  channel_binding: oneOf('PGCHANNELBINDING', ['disable', 'prefer', 'require'], 'prefer'),
  connect_timeout: CONNECT_TIMEOUT,
  target_session_attrs: oneOf('PGTARGETSESSIONATTRS', SESSION_ATTRS, 'prefer-standby'),
  application_name: anyText('PGAPPNAME'),
  options: SESSION_OPTIONS,
  search_path: { takes: 'schemas, separated by commas', parse: (text: string | undefined) => text },
  sslmode: oneOf('PGSSLMODE', SSL_MODES, undefined),
  sslnegotiation: oneOf('PGSSLNEGOTIATION', ['postgres', 'direct'], 'postgres'),
  sslrootcert: anyText('PGSSLROOTCERT'),
  sslcert: anyText('PGSSLCERT'),
  sslkey: anyText('PGSSLKEY'),
  sslpassword: anyText(),
  sslcertmode: oneOf('PGSSLCERTMODE', ['disable', 'allow'], 'allow'),
  sslcrl: anyText('PGSSLCRL'),
  sslsni: flagged('PGSSLSNI', true),
  ssl_min_protocol_version: tlsVersion('PGSSLMINPROTOCOLVERSION', 'TLSv1.2'),
  ssl_max_protocol_version: tlsVersion('PGSSLMAXPROTOCOLVERSION', undefined),
} satisfies Record<string, Option<unknown>>

type Used = typeof USED
type UsedName = keyof Used

/** The table as a type in which the parser of a name returns the value of that name. */
const parsers: { readonly [Name in UsedName]: Option<Values[Name]> } = USED
const USED_NAMES: readonly UsedName[] = Object.keys(USED).filter((name): name is UsedName => name in USED)

/** The value of every option that is used. */
export type Values = { readonly [Name in UsedName]: ReturnType<Used[Name]['parse']> }

/** The options that a connection string sets, by libpq's names of them, in the order in which it has them. */
export type Written = readonly (readonly [name: string, value: string])[]

/** The text of an environment variable. */
export type Variables = Readonly<Record<string, string | undefined>>

/** The names of all of them. */
const NAMES = [USED, IGNORED, REFUSED].flatMap((options) => Object.keys(options))

/** The variables that stand for an option each. */
export const PG_VARIABLES: readonly string[] = [USED, IGNORED, REFUSED].flatMap((options) =>
  Object.values(options).flatMap(({ variable }) => variable ?? []),
)

export function isOption(name: string): boolean {
  return NAMES.includes(name)
}

/** Throws a Mistake when no option has this name. It says where the name is, and not the name, which may be a secret. */
export function checkOption(name: string, where: string): void {
  if (isOption(name)) return
  const meant = nearest(name, NAMES)
  const question = meant === undefined ? '' : `did you mean ${meant}? `
  throw new Mistake(
    `has an option that is not known, ${where}`,
    `${question}The options are in docs/operations.md#options-of-a-connection`,
  )
}

/** What the options of a connection string come to, with those of the environment that it leaves out. */
export interface Settled {
  readonly values: Values
  /** Names of options and of variables that were given and change nothing. */
  readonly ignored: readonly string[]
}

/** Throws a Mistake, which names options and variables, and repeats no value. */
export function settle(written: Written, variables: Variables): Settled {
  const texts = new Map(written)
  const textOf = (name: string, variable: string | undefined) =>
    texts.get(name) ?? ((variable && variables[variable]) || undefined)
  const saidOf = (name: string, variable: string | undefined) =>
    texts.has(name) || variable === undefined ? name : variable

  const values: { -readonly [Name in UsedName]?: Values[Name] } = {}
  const read = <Name extends UsedName>(name: Name) => {
    const { variable, takes, parse } = parsers[name]
    try {
      values[name] = parse(textOf(name, variable))
    } catch (cause) {
      if (cause instanceof Mistake) throw cause
      throw new Mistake(`has a wrong value of ${saidOf(name, variable)}`, `it takes ${takes}`, { cause })
    }
  }
  for (const name of USED_NAMES) read(name)
  if (!isComplete(values)) throw new Error('an option was not read')

  const unused = Object.entries({ ...IGNORED, ...REFUSED }).filter(([name, { variable }]) =>
    textOf(name, variable),
  )
  for (const [name, { variable }] of unused) {
    const refused = REFUSED[name]
    if (refused === undefined || refused.unless?.includes(textOf(name, variable) ?? '')) continue
    throw new Mistake(`has ${saidOf(name, variable)}, which is not supported`, refused.why)
  }
  return { values, ignored: unused.map(([name, { variable }]) => saidOf(name, variable)) }
}

function isComplete(values: Partial<Values>): values is Values {
  return USED_NAMES.every((name) => name in values)
}
