import t, { type Test } from 'tap'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'
import { folderOf, runCheck, runJson } from './run.ts'

const good = "metrics: { business_good: gauge('Good.') }, query: (sql) => sql`SELECT 1 AS business_good`"
const misnamed = "metrics: { business_ms: gauge('Bad.') }, query: (sql) => sql`SELECT 1 AS business_ms`"
const failing = "metrics: { business_bad: gauge('Bad.') }, query: (sql) => sql`SELECT 1 / 0 AS business_bad`"

/** A database with rows for the collector `connections`. */
async function createConnections(t: Test) {
  const database = await createDatabase(t)
  await database.sql`
    INSERT INTO projects (id, org_id, name, app_name)
    VALUES ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'one', 'one')`
  await database.sql`
    INSERT INTO connections (project_id, provider, provider_app_id, group_ref, consumer_ref, auth_scheme, status)
    SELECT '00000000-0000-0000-0000-000000000001', 'p' || n % 3, gen_random_uuid(), 'g', 'c', 'none',
           CASE WHEN n % 2 = 0 THEN 'working' ELSE 'created' END
      FROM generate_series(1, 20) AS n`
  return database
}

t.test(
  'the default collectors are right on the schema that they are for, and the exit code is 0',
  async (t) => {
    const { url } = await createDatabase(t)
    const { code, stdout, stderr } = await runCheck(t, { DATABASE_URL: url })
    t.match(stdout, /^ok {7}active +0 +0 +4 +0 /m)
    t.match(stdout, /\n15 collectors: 15 ok, 0 with warnings, 0 with errors\n$/)
    t.equal(stderr, '')
    t.equal(code, 0)
  },
)

t.test('what a collector would show is what the service shows', async (t) => {
  const { url } = await createConnections(t)
  const { document } = await runJson(t, { DATABASE_URL: url }, 'connections', '--samples', '1000')
  const { app } = await startService(
    t,
    { DATABASE_URL: url },
    { folder: new URL('../../../collectors', import.meta.url).pathname },
  )
  const page = (await app.inject('/metrics')).body.split('\n')
  const [report] = document.collectors
  const shown = page.filter(
    (line) => line.includes('business_connections{') || line.endsWith(' business_connections gauge'),
  )
  t.ok(shown.length > 10)
  t.same(
    report?.samples.filter((line) => !line.startsWith('# HELP')),
    shown,
  )
  t.match(report, { name: 'connections', file: 'collectors/connections.ts', errors: [], warnings: [] })
  t.match(report?.run, { rows: 6, rejected: { value: 0, label: 0, duplicate: 0 }, series: shown.length - 1 })
})

t.test('only as many lines are shown as were asked for', async (t) => {
  const { url } = await createConnections(t)
  const { stdout } = await runCheck(t, { DATABASE_URL: url }, 'connections', '--samples', '3')
  t.equal(stdout.split('\n').filter((line) => line.includes('business_connections')).length, 3)
})

t.test('of the collectors only those that are named run', async (t) => {
  const { url } = await createDatabase(t)
  const { document, code } = await runJson(
    t,
    { DATABASE_URL: url },
    'destinations',
    'connections',
    'destinations',
  )
  t.same(
    document.collectors.map(({ name }) => name),
    ['connections', 'destinations'],
  )
  t.equal(code, 0)
})

t.test(
  'a collector that fails is told, with its file, beside one that does not, and the exit code is 1',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const folder = folderOf(t, { good, failing })
    const { code, stdout } = await runCheck(t, { DATABASE_URL: url }, '--folder', folder)
    t.match(stdout, /^error {4}failing +- +- +- +- /m)
    t.match(stdout, /^ {9}in .*failing\.ts\n {9}error: division by zero$/m)
    t.match(stdout, /^ok {7}good +1 +0 +1 +0 /m)
    t.match(stdout, /2 collectors: 1 ok, 0 with warnings, 1 with errors\n$/)
    t.equal(code, 1)
  },
)

t.test('a warning is none that fails a check, unless it is strict', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = folderOf(t, { good, misnamed })
  const { code, stdout } = await runCheck(t, { DATABASE_URL: url }, '--folder', folder)
  t.match(
    stdout,
    /^warning {2}misnamed[^\n]*\n {9}in .*misnamed\.ts\n {9}warning: business_ms: "ms" looks like/m,
  )
  t.equal(code, 0)
  const strict = await runJson(t, { DATABASE_URL: url }, '--folder', folder, '--strict')
  const warnings = [{ problem: /^business_ms: "ms" looks like/, advice: 'write it out' }]
  t.match(strict.document, {
    ok: false,
    collectors: [{ verdict: 'ok' }, { verdict: 'warning', errors: [], warnings }],
  })
  t.equal(strict.code, 1)
})

t.test('a mistake is told over two lines: what is wrong, and what to write instead', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = folderOf(t, {
    moments: `labels: { kind: ['a', 'b'] }, interval: '10s', metrics: { business_when: gauge('When.') },
      query: (sql) => sql\`SELECT kind, CASE kind WHEN 'b' THEN now() END AS business_when FROM (VALUES ('b')) AS t (kind)\``,
    typo: `labels: { kind: ['a'] }, metrics: { business_typo: gauge('Typo.') },
      query: (sql) => sql\`SELECT 'a' AS knd, 1 AS business_typo\``,
    window: `window: { settle: '1m' }, metrics: { business_things_total: counter('Things.') },
      query: (sql) => sql\`SELECT 1 AS business_things_total\``,
  })
  const { code, stdout } = await runCheck(t, { DATABASE_URL: url }, '--folder', folder)
  t.match(
    stdout,
    /1 rejected in 1 row; the first: business_when is 2\S*, which .*\n(?:.*\n){3} {11}write: extract\(epoch FROM …\) AS business_when\n/,
  )
  t.match(
    stdout,
    /warning: its interval 10s is below METRICS_TICK_DURATION \(1m\)[^\n]*\n(?:.*\n){3} {11}write: interval: '1m'/,
  )
  t.match(stdout, /did you mean "kind"\?\n(?:.*\n){3} {11}write: … AS kind\n/)
  t.match(
    stdout,
    /does not use "from" and "to".*\n(?:.*\n){3} {11}write: query: \(sql, \{ from, to \}\) => sql`… WHERE /,
  )
  t.equal(code, 1)
})

t.test('series that fold are told, and are no mistake', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = folderOf(t, {
    folds: `labels: { kind: open(2) }, metrics: { business_folds: gauge('Folds.') },
      query: (sql) => sql\`SELECT 'k' || n AS kind, n AS business_folds FROM generate_series(1, 5) AS n\``,
  })
  const { document, code } = await runJson(t, { DATABASE_URL: url }, '--folder', folder)
  t.match(document.collectors[0], { verdict: 'ok', run: { rows: 5, series: 3, folded: 3 } })
  t.equal(code, 0)
})

t.test('--explain shows the plan of each query as PostgreSQL tells it', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things AS SELECT n AS size FROM generate_series(1, 1000) AS n`
  await sql`ANALYZE things`
  const folder = folderOf(t, {
    things: `metrics: { business_things: gauge('Things.') },
      query: (sql) => sql\`SELECT count(*) AS business_things FROM things\``,
  })
  const { document } = await runJson(t, { DATABASE_URL: url }, '--folder', folder, '--explain')
  const plan = await sql`EXPLAIN SELECT count(*) AS business_things FROM things`
  const [report] = document.collectors
  t.same(
    report?.plan,
    plan.map((row) => row['QUERY PLAN']),
  )
  t.match(report?.plan[0], `..${report?.cost?.toFixed(2)} `)
})
