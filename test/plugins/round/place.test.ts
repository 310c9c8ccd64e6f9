import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../../../demo/port.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

const COLLECTOR = new URL('../../../src/collector.ts', import.meta.url).href

/** Stands before the character that the server complains of, and is taken out. */
const MARK = '‸'

/** What comes behind `query: (sql, { from, to, observe }) =>`. In each one word is wrong. */
const WRONG: Readonly<Record<string, string>> = {
  'in a query of one line': `sql\`SELECT ‸cout(*) AS business_N FROM pg_class\``,
  'in the last of several lines': `sql\`
    SELECT count(*) AS business_N
      FROM pg_class
     WHERE ‸nope = 1\``,
  'behind a tab, a backslash and characters of two units': `sql\`SELECT '\\d🙂' AS "ä🙂",
\t\tcount(*) AS business_N FROM ‸pg_clas\``,
  'behind an escaped backtick and an escaped placeholder': `sql\`SELECT '\\\`\\\${x}' AS a, ‸nope AS business_N\``,
  'at the end of the text': `sql\`SELECT count(*) AS business_N FROM pg_class WHERE‸\``,
  'behind parameters': `sql\`SELECT \${1}::int AS a, \${'}'}::text AS b, \${[1, 2]}::int[] AS c, ‸nope AS business_N\``,
  'behind names and lists': `sql\`SELECT relname IN \${sql(['a', 'b'])} AS a, ‸nope AS business_N FROM \${sql('pg_class')}\``,
  'in a fragment': `sql\`SELECT count(*) AS business_N FROM pg_class WHERE \${sql\`‸nope = \${1}\`} AND true\``,
  'behind a fragment': `sql\`SELECT count(*) AS business_N FROM pg_class WHERE \${sql\`reltuples > 1\`} AND ‸nope\``,
  'in the second of a list of fragments': `sql\`SELECT count(*) AS business_N FROM pg_class
    WHERE true \${['relname', 'relnam'].map((name) => name === 'relname' ? sql\`AND relname > ''\` : sql\`AND ‸relnam > ''\`)}\``,
  'in a fragment that a function makes': `sql\`SELECT count(*) AS business_N FROM pg_class WHERE \${of(sql)}\``,
  'in an expression that is observed': `sql\`SELECT \${observe('business_N_seconds', sql\`‸reltuple + 1\`)}, 1 AS business_N FROM pg_class\``,
  'behind one that is observed': `sql\`SELECT \${observe('business_N_seconds', sql\`reltuples + 1\`)}, 1 AS business_N FROM pg_class WHERE ‸nope\``,
  'in a value that is put in where no value can be': `sql\`SELECT count(*) AS business_N FROM ‸\${'pg_class'}\``,
  'in a text whose value the server cannot read': `sql\`SELECT ‸'x'::int AS business_N\``,
}

const file = (
  number: number,
  query: string,
) => `import { defineCollector, gauge, histogram } from '${COLLECTOR}'
const of = (sql) => sql\`relkind = 'r' AND nothing = 1\`
export default defineCollector({
  name: 'n${number}',
  metrics: { business_n${number}: gauge('N.')${query.includes('observe') ? `, business_n${number}_seconds: histogram('N.', [1, 2])` : ''} },
  query: (sql, { observe }) =>
    ${query.replaceAll('business_N', `business_n${number}`)},
})
`

/** The line and the column of the mark. */
function markIn(text: string): string {
  const [before = ''] = text.split(MARK)
  const lines = before.split('\n')
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`
}

t.test('an error of a query names the line and the column of its file', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const cases = Object.entries(WRONG).map(([where, query], i) => {
    const source = file(i, query)
    const expected = source.includes(MARK) ? source : source.replace('AND nothing', `AND ${MARK}nothing`)
    return { where, name: `n${i}`, source: source.replace(MARK, ''), at: markIn(expected) }
  })
  const folder = t.testdir(Object.fromEntries(cases.map(({ name, source }) => [`${name}.ts`, source])))
  const { log } = await startService(t, { DATABASE_URL: url }, { folder })
  for (const { where, name, at } of cases) {
    const line = log.find(({ collector }) => collector === name)
    t.ok(line?.msg.includes(`/${name}.ts:${at})`), `${where}: ${line?.msg}, not ${at}`)
  }
})

t.test('a file with the ends of lines of Windows has the same places', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const source = file(0, `sql\`\n  SELECT count(*)\n    AS business_n0,\n    ${MARK}nope\``)
  const folder = t.testdir({ 'n0.ts': source.replace(MARK, '').replaceAll('\n', '\r\n') })
  const { log } = await startService(t, { DATABASE_URL: url }, { folder })
  t.match(log.find(({ collector }) => collector === 'n0')?.msg, `n0.ts:${markIn(source)})`)
})

t.test('the log and the debug page show the line with a caret', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const port = await freePort()
  const folder = t.testdir({ 'n0.ts': file(0, 'sql`SELECT count(*) AS business_n0, nope`') })
  const { log } = await startService(t, { DATABASE_URL: url, DEBUG_PORT: String(port) }, { folder })
  const excerpt = `sql\`SELECT count(*) AS business_n0, nope\`,\n${' '.repeat(36)}^`
  t.equal(log.find(({ collector }) => collector === 'n0')?.excerpt, excerpt)
  const page = await fetch(`http://127.0.0.1:${port}/debug/collectors/n0`)
  t.match(await page.text(), excerpt)
})

t.test('a query that is no template has a place in what was sent', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = t.testdir({ 'n0.ts': file(0, "sql.unsafe('SELECT 1 AS business_n0,\\n nope')") })
  const { log } = await startService(t, { DATABASE_URL: url }, { folder })
  t.match(
    log.find(({ collector }) => collector === 'n0'),
    {
      msg: /\(line 2 of the query, column 2\)/,
      excerpt: 'nope\n^',
    },
  )
})

t.test('a file that has changed since it was loaded has no wrong place', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = t.testdir({ 'n0.ts': file(0, 'sql`SELECT count(*) AS business_n0, nope`') })
  const service = await startService(t, { DATABASE_URL: url }, { folder, start: false })
  writeFileSync(join(folder, 'n0.ts'), file(0, 'sql`SELECT count(*), 1 AS business_n0`'))
  await service.database.ticker.start()
  await service.database.round.settled()
  t.match(service.log.find(({ collector }) => collector === 'n0')?.msg, /\(line 1 of the query, column 33\)/)
})

t.test('an error inside of a function has the place of the query, not one in it', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE FUNCTION broken () RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT nope FROM pg_class); END'`
  const folder = t.testdir({ 'n0.ts': file(0, 'sql`SELECT broken() AS business_n0`') })
  const { log } = await startService(t, { DATABASE_URL: url }, { folder })
  const line = log.find(({ collector }) => collector === 'n0')
  t.match(line?.msg, /column "nope" does not exist/)
  t.match(line?.msg, /n0\.ts:6:3\)/)
})
