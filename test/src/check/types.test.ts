import t from 'tap'
import { createDatabase } from '../../database.ts'
import { runCheck, runJson } from './run.ts'

/** A file below .tap/fixtures. */
const file = (
  name: string,
  rest: string,
) => `import { defineCollector, gauge } from '../../../src/collector.ts'
export default defineCollector({
  name: '${name}',
  metrics: { business_${name}: gauge('Things.') },
  ${rest}
})
`
const files = {
  'good.ts': file('good', 'query: (sql) => sql`SELECT 1 AS business_good`,'),
  'wrong.ts': file(
    'wrong',
    `query: (sql) => sql\`SELECT 1 AS business_wrong WHERE \${{}.nothing ?? 1} = 1\`,`,
  ),
}

t.test('what TypeScript finds in a file is told with its line, and fails a check', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = t.testdir(files)
  const { code, stdout } = await runCheck(t, { DATABASE_URL: url }, '--types', '--folder', folder)
  t.match(stdout, /^ok {7}wrong /m)
  t.match(
    stdout,
    /\nerror: TS2339: Property 'nothing' does not exist on type '\{\}'\.\n {2}at \S+wrong\.ts:5:61\n {4}\S.*\n {20,}\^\n/,
  )
  t.equal(code, 1)
  const { document } = await runJson(t, { DATABASE_URL: url }, '--types', '--folder', folder, 'good')
  t.match(document, { ok: true, types: [] })
})

t.test('with --no-types a check does not ask TypeScript', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { code } = await runCheck(t, { DATABASE_URL: url }, '--folder', t.testdir(files))
  t.equal(code, 0)
})
