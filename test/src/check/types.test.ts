import t from 'tap'
import { createDatabase } from '../../database.ts'
import { folderOf, runCheck, runJson } from './run.ts'

const good = "metrics: { business_good: gauge('Good.') }, query: (sql) => sql`SELECT 1 AS business_good`"
const wrong = `metrics: { business_wrong: gauge('Wrong.') },
  query: (sql) => {
    const limits: { least: number } = { least: 'one' }
    return sql\`SELECT \${limits.least}::text AS wrong, 1 AS business_wrong\`
  },
  labels: { wrong: open(5) }`

t.test('what TypeScript finds in a file is told with its line, and fails a check', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = folderOf(t, { good, wrong })
  const { code, stdout } = await runCheck(t, { DATABASE_URL: url }, '--types', '--folder', folder)
  t.match(stdout, /^ok {7}wrong /m)
  t.match(
    stdout,
    /\nerror: TS2322: Type 'string' is not assignable to type 'number'\.\n {2}at \S+wrong\.ts:5:33\n {4}const limits.*\n {20,}\^\n/,
  )
  t.equal(code, 1)
  const { document } = await runJson(t, { DATABASE_URL: url }, '--types', '--folder', folder, 'good')
  t.match(document, { ok: true, types: [] })
})

t.test('with --no-types a check does not ask TypeScript', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { code } = await runCheck(t, { DATABASE_URL: url }, '--folder', folderOf(t, { wrong }))
  t.equal(code, 0)
})
