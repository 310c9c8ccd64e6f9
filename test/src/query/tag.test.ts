import fc from 'fast-check'
import type { PendingQuery, Row } from 'postgres'
import t from 'tap'
import { sendable, tagOf } from '../../../src/query/tag.ts'
import { createDatabase } from '../../database.ts'

const TABLE = `(VALUES ('123'), ('a_b'), ('x-1'), ('some tab here'), (E'a\\tb'), ('a\\b'), ('100%'), ('\`')) AS parts (code)`

/** Texts as they are written between backticks, and pasted into psql. */
const statements = [
  String.raw`SELECT code FROM ${TABLE} WHERE code ~ '^\d+$'`,
  String.raw`SELECT code FROM ${TABLE} WHERE code ~ '\ytab\y'`,
  String.raw`SELECT code FROM ${TABLE} WHERE code LIKE '%\_%'`,
  String.raw`SELECT code FROM ${TABLE} WHERE code LIKE '%!%' ESCAPE '!' OR code LIKE '100\%'`,
  String.raw`SELECT code FROM ${TABLE} WHERE code = E'a\tb' OR code = E'a\\b'`,
  String.raw`SELECT '\x00ff'::bytea AS bytes, '\\x41'::text AS text, E'\x41\u0042\103' AS escaped`,
  String.raw`SELECT regexp_replace('2026-11', '(\d+)-(\d+)', '\2/\1') AS turned`,
  String.raw`SELECT U&'\0041\+000042' AS unicode, '\u0041 \n \0 \8' AS plain`,
]

/** What a file has between its backticks for a text: only a backtick and a \${ need a backslash there. */
const sourceOf = (text: string) => text.replace(/\\?(`|\$\{)/g, '\\$1')

type Ask = (sql: unknown) => PendingQuery<Row[]>
const asked = (source: string): Ask => Function('sql', `return sql\`${source}\``) as Ask

t.test('a text is sent as it is written between the backticks', async (t) => {
  const { sql } = await createDatabase(t, { schema: false })
  for (const text of statements) {
    t.same([...(await sendable(asked(sourceOf(text))(tagOf(sql))))], [...(await sql.unsafe(text))], text)
  }
})

t.test('an escaped backtick and an escaped placeholder are sent without their backslash', async (t) => {
  const { sql } = await createDatabase(t, { schema: false })
  const placeholder = '$'.concat('{x}')
  const ask = asked(`SELECT '\\\`' AS backtick, '\\${placeholder}' AS placeholder`)
  t.same([...(await sendable(ask(tagOf(sql))))], [{ backtick: '`', placeholder }])
})

t.test('backslashes arrive in fragments, and parameters stay parameters', async (t) => {
  const { sql } = await createDatabase(t, { schema: false })
  const tag = tagOf(sql)
  const digits = tag`code ~ ${'^\\d'} AND code !~ '\D'`
  const rows = await sendable(tag`SELECT code FROM ${tag.unsafe(TABLE)} WHERE ${digits}`)
  t.same([...rows], [{ code: '123' }])
})

t.test('an array is a parameter, whatever it holds', async (t) => {
  const { sql } = await createDatabase(t, { schema: false })
  const tag = tagOf(sql)
  const texts = fc.array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'NULL', '{}', 'a,b', '"', '\\')),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  await fc.assert(
    fc.asyncProperty(texts, async (list) => {
      const sent = list.map((text) => text.replaceAll('\0', ''))
      const [row] = await sendable(tag`SELECT ${sent}::text[] AS list`)
      t.same(row?.list, sent)
    }),
    { numRuns: 50 },
  )
  t.same([...(await sendable(tag`SELECT 2 = ANY(${[1, 2]}) AS found`))], [{ found: true }])
  t.same([...(await sendable(tag`SELECT 2 = ANY(${[1, null]}) IS NULL AS unknown`))], [{ unknown: true }])
  t.same([...(await sendable(tag`SELECT 1 AS one WHERE 'a' IN ${tag(['a', 'b'])}`))], [{ one: 1 }])
})
