import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { defineCollector, gauge, open } from '../../src/collector.ts'
import { createDatabase, type Database } from '../database.ts'
import { ROOT } from '../root.ts'
import { startService } from '../service.ts'
import { read } from './markdown.ts'

const PATH = 'docs/collectors.md'
const [BEGIN, END] = ['<!-- types -->\n', '<!-- /types -->\n']

const SCHEMA = `
  CREATE TYPE size AS ENUM ('small', 'large');
  CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 0 AND 100);
  CREATE TYPE pair AS (first integer, second text);
  CREATE TABLE "order" (id integer);
  CREATE SCHEMA odd;
  CREATE TYPE odd.size AS ENUM ('odd', 'large');
  CREATE TABLE odd.things (id integer);`

/** An expression of each type that a column can have. */
const TYPES: readonly (readonly [type: string, expression: string])[] = [
  ['smallint', '-7::smallint'],
  ['integer', '42'],
  ['bigint', '9007199254740993'],
  ['numeric', '1.50'],
  ['numeric', "'NaN'::numeric"],
  ['numeric', "'Infinity'::numeric"],
  ['real', '0.1::real'],
  ['double precision', '1 / 3::float8'],
  ['double precision', "'NaN'::float8"],
  ['double precision', "'-Infinity'::float8"],
  ['double precision', '1e300::float8 * 10'],
  ['oid', '2205::oid'],
  ['boolean', 'true'],
  ['text', "'a\\b'"],
  ['text', "'4.2e1'"],
  ['text', "''"],
  ['varchar', "'déjà'::varchar(4)"],
  ['char(n)', "'ab'::char(3)"],
  ['name', "'pg_class'::name"],
  ['bytea', "'\\x00ff'::bytea"],
  ['bytea', "'\\x00ff'::bytea::text"],
  ['bit', "B'101'"],
  ['bit', "B'101'::integer"],
  ['timestamptz', "timestamptz '2026-01-02 03:04:05.678901Z'"],
  ['timestamptz', "(timestamptz '2026-01-02 03:04:05.678901Z')::text"],
  ['timestamptz', "extract(epoch FROM timestamptz '2026-01-02 03:04:05.678901Z')"],
  ['timestamptz', "(timestamptz '2026-01-02 03:04:05 EST')::text"],
  ['timestamp', "timestamp '2026-01-02 03:04:05'"],
  ['timestamp', "(timestamp '2026-01-02 03:04:05')::timestamptz::text"],
  ['date', "date '2026-01-02'"],
  ['date', "(date '2026-01-02')::text"],
  ['date', "'1/2/2026'::date::text"],
  ['time', "time '03:04:05'"],
  ['timetz', "timetz '03:04:05+02'"],
  ['interval', "interval '1 day 02:03:04'"],
  ['interval', "extract(epoch FROM interval '1 day 02:03:04')"],
  ['interval', "interval '-1-2 3 -4:05:06'"],
  ['text', "to_char(1234.5, '9G999D9')"],
  ['text', "to_char(date '2026-03-01', 'TMMonth')"],
  ['inet', "inet '10.0.0.1/8'"],
  ['cidr', "cidr '10.0.0.0/8'"],
  ['macaddr', "macaddr '08:00:2b:01:02:03'"],
  ['uuid', "uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
  ['json', "json '1.50'"],
  ['jsonb', "jsonb '12345678901234567891'"],
  ['jsonb', "jsonb 'true'"],
  ['jsonb', 'jsonb \'"north"\''],
  ['jsonb', "jsonb 'null'"],
  ['jsonb', 'jsonb \'{"a": [1, 2]}\''],
  ['jsonb', 'jsonb \'{"a": [1, 2]}\'::text'],
  ['array', 'ARRAY[1, 2]'],
  ['array', "'{a,NULL}'::text[]"],
  ['array', "ARRAY[timestamptz '2026-01-02 03:04:05Z']"],
  ['enum', "'large'::size"],
  ['domain', '50::percent'],
  ['composite', "ROW(1, 'a b')::pair"],
  ['range', 'int4range(1, 5)'],
  ['range', "tstzrange('2026-01-02 03:04:05Z', NULL)"],
  ['multirange', 'int4multirange(int4range(1, 2), int4range(5, 7))'],
  ['point', "point '(0.1,2)'"],
  ['tsvector', "tsvector 'late payment'"],
  ['xml', "xmlelement(name bytes, '\\x00ff'::bytea)"],
  ['xml', "'two <b>parts</b>'::xml"],
  ['regclass', '\'"order"\'::regclass'],
  ['pg_lsn', "pg_lsn '16/B374D848'"],
  ['NULL', 'NULL::integer'],
  ['NULL', 'NULL::text'],
  ['NULL', 'NULLIF(1, 1) = NULL'],
]

/** Settings that a role may have, one role for each line. */
const ODD: readonly Readonly<Record<string, string>>[] = [
  {},
  { timezone: "'Asia/Kathmandu'", timezone_abbreviations: "'Australia'" },
  { datestyle: "'SQL, DMY'" },
  { intervalstyle: "'iso_8601'" },
  { bytea_output: "'escape'", xmlbinary: "'hex'", xmloption: "'document'" },
  { extra_float_digits: '-15' },
  { standard_conforming_strings: 'off', backslash_quote: 'off', escape_string_warning: 'on' },
  { search_path: 'odd, pg_catalog, public' },
  { client_encoding: "'LATIN1'" },
  { lc_numeric: "'C.utf8'", lc_time: "'C.utf8'", lc_messages: "'C'" },
  { array_nulls: 'off', transform_null_equals: 'on', quote_all_identifiers: 'on' },
  {
    default_transaction_isolation: "'serializable'",
    default_transaction_deferrable: 'on',
    row_security: 'off',
  },
  { enable_seqscan: 'off', enable_hashagg: 'off', enable_sort: 'off', work_mem: "'64kB'", jit: 'on' },
  { datestyle: "'German'", intervalstyle: "'sql_standard'", timezone: "'-07:30'", extra_float_digits: '-3' },
]

/** For each type, one collector that has it as a value and one that has it as a label. */
const collectors = TYPES.flatMap(([, expression], i) => [
  defineCollector({
    name: `value-${i}`,
    labels: { kind: open(1) },
    metrics: { [`business_value_${i}`]: gauge('A value.') },
    query: (sql) => sql`SELECT 'x' AS kind, ${sql.unsafe(expression)} AS ${sql(`business_value_${i}`)}`,
  }),
  defineCollector({
    name: `label-${i}`,
    labels: { kind: open(1) },
    metrics: { [`business_label_${i}`]: gauge('A label.') },
    query: (sql) => sql`SELECT ${sql.unsafe(expression)} AS kind, 1 AS ${sql(`business_label_${i}`)}`,
  }),
])

/** What the page shows of each type, as the rows of a table in Markdown. */
async function tableOf(t: Test, url: string): Promise<string[]> {
  const { scrape } = await startService(t, { DATABASE_URL: url, COLLECTOR_CONCURRENCY: '1' }, { collectors })
  const samples = await scrape()
  const shown = (collector: string, of: (key: string, value: number) => string) => {
    if (samples.get(`collector_success{collector="${collector}"}`) !== 1)
      throw new Error(`${collector} failed`)
    const name = `business_${collector.replace('-', '_')}{`
    const own = [...samples].find(([key]) => key.startsWith(name))
    if (own !== undefined) return of(...own)
    const rejected = ['value', 'label'].some(
      (reason) =>
        samples.get(`collector_rejected_rows_total{collector="${collector}",reason="${reason}"}`) !== 0,
    )
    return rejected ? 'rejected' : 'no sample'
  }
  return TYPES.map(([type, expression], i) => {
    const value = shown(`value-${i}`, (_, value) => code(String(value)))
    const label = shown(`label-${i}`, (key) => code(/"(.*)"/.exec(key)?.[0] ?? ''))
    return `| ${type} | ${code(expression)} | ${value} | ${label} |\n`
  })
}

const code = (text: string) => `\`${text}\``

async function createRole({ url, sql }: Database, settings: Readonly<Record<string, string>>): Promise<URL> {
  const role = `odd_${randomBytes(6).toString('hex')}`
  await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'odd'`)
  for (const [name, value] of Object.entries(settings))
    await sql.unsafe(`ALTER ROLE ${role} SET ${name} = ${value}`)
  const own = new URL(url)
  own.username = role
  own.password = 'odd'
  return own
}

t.test('the table of types is what the page shows, whatever settings the role has', async (t) => {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(`${SCHEMA} GRANT USAGE ON SCHEMA odd TO PUBLIC`)
  const text = read(PATH)
  const [from, to] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)]
  const head = '| type | SQL | as a value | as a label |\n|---|---|---|---|\n'
  for (const settings of ODD) {
    const own = await createRole(database, settings)
    t.teardown(() => database.sql.unsafe(`DROP ROLE ${own.username}`))
    const table = `${head}${(await tableOf(t, own.href)).join('')}`
    if (t.writeSnapshot && settings === ODD[0])
      writeFileSync(join(ROOT, PATH), text.slice(0, from) + table + text.slice(to))
    const documented = t.writeSnapshot ? read(PATH).slice(from, from + table.length) : text.slice(from, to)
    t.equal(table, documented, `${PATH}, with ${JSON.stringify(settings)}`)
  }
})
