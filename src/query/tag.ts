import type { ISql } from 'postgres'
import { Mistake } from '../finding.ts'
import { noteSite } from './site.ts'

/** What the tag of a collector has beside the call, as the documentation says. */
const PROPERTIES: ReadonlySet<unknown> = new Set(['unsafe', 'array', 'json', 'typed', 'types'])

/** What would send a query, or change how it is sent. That is for the service. */
const METHODS = [
  'then',
  'catch',
  'finally',
  'execute',
  'handle',
  'forEach',
  'cursor',
  'describe',
  'simple',
  'raw',
  'values',
  'readable',
  'writable',
  'cancel',
] as const

const ADVICE = 'write one SELECT, and return it: query: (sql) => sql`SELECT …`'

/**
 * The sql`…` tag that a query is given. It sends the text as it is written between the backticks, so that backslashes
 * arrive as in psql: the client would send what JavaScript makes of them. Of the escapes only `` \` `` and `\${` are
 * undone. An array of plain values is sent as one array, because the client knows no array types here.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 *
 * The client can do more, such as begin a transaction, and send what was not returned, whose error nobody would see. The
 * tag only makes queries, which `sendable` can send.
 */
export function tagOf<Sql extends ISql>(sql: Sql): Sql {
  return new Proxy(sql, {
    apply: function called(client, self, [strings, ...values]) {
      if (!isTemplate(strings)) return Reflect.apply(client, self, [strings, ...values])
      return withheld(Reflect.apply(client, self, [writtenOf(strings, called), ...values.map(parameterOf)]))
    },
    get(client, property) {
      if (property === 'unsafe')
        return (...args: unknown[]) => withheld(Reflect.apply(client.unsafe, client, args))
      if (PROPERTIES.has(property)) return Reflect.get(client, property)
      if (typeof property === 'symbol') return undefined
      throw new Mistake(`its query uses sql.${property}, which a collector does not have`, ADVICE, {
        about: `sql.${property}`,
      })
    },
  })
}

/** Makes a query of a collector's tag one that can be sent. */
export function sendable<Query extends object>(query: Query): Query {
  for (const method of METHODS) Reflect.deleteProperty(query, method)
  return query
}

function withheld(query: object): object {
  for (const method of METHODS) {
    const value = () => {
      throw new Mistake(`its query is sent by its own code (${method})`, ADVICE, {
        about: `.${method}`,
      })
    }
    Object.defineProperty(query, method, { value, configurable: true })
  }
  return query
}

/** Kept by its template, because the client keeps something for each array of texts that it ever saw. */
const written = new WeakMap<TemplateStringsArray, TemplateStringsArray>()

function writtenOf(strings: TemplateStringsArray, called: CallableFunction): TemplateStringsArray {
  const known = written.get(strings)
  if (known !== undefined) return known
  const texts = strings.raw.map((text) => text.replace(/\\(`|\$\{)/g, '$1'))
  const made = Object.assign(texts, { raw: texts })
  written.set(strings, made)
  noteSite(made, strings.raw, called)
  return made
}

function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && 'raw' in value
}

/** An array as PostgreSQL writes one, also an empty one; anything else as it is: an array of fragments is a list of SQL. */
function parameterOf(value: unknown): unknown {
  return Array.isArray(value) && value.every(isPlain) ? literalOf(value) : value
}

type Plain = string | number | bigint | boolean | null | Date | readonly Plain[]

function isPlain(value: unknown): value is Plain {
  return (
    value === null ||
    value instanceof Date ||
    ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ||
    (Array.isArray(value) && value.every(isPlain))
  )
}

function literalOf(values: readonly Plain[]): string {
  return `{${values.map(elementOf).join(',')}}`
}

function elementOf(value: Plain): string {
  if (value === null) return 'NULL'
  if (value instanceof Date) return `"${value.toISOString()}"`
  if (typeof value === 'object') return literalOf(value)
  return `"${String(value).replace(/["\\]/g, '\\$&')}"`
}
