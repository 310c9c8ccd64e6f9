import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { createDatabase } from '../database.ts'
import { createProject, fixture } from './project.ts'

const label = { usage: 'LABEL' }
const metric = (usage: string) => ({ usage, description: 'Things of the shop.' })
/** Queries of the shop, each in a shape of its own. */
const SHAPES: readonly ((i: number) => object)[] = [
  (i) => ({
    query: `SELECT customer, status, sum(euros) AS euros, count(*) AS placed_total\n  FROM orders WHERE ${i} = ${i} GROUP BY 1, 2`,
    cache_seconds: 30 + i,
    metrics: [
      { customer: label },
      { status: label },
      { euros: metric('GAUGE') },
      { placed_total: metric('COUNTER') },
    ],
  }),
  (i) => ({
    query: `SELECT max(made) AS made, bool_or(paid) AS paid, ${i} AS "Number" FROM orders; -- all`,
    metrics: [{ made: metric('GAUGE') }, { paid: metric('GAUGE') }, { Number: metric('GAUGE') }],
  }),
  () => ({
    query:
      'SELECT ARRAY[2, 5, 10] AS took, n AS took_bucket, 82.5 AS took_sum, 10 AS took_count FROM buckets',
    metrics: [{ took: metric('HISTOGRAM') }],
  }),
  () => ({
    query: 'SELECT le AS took, n AS took_bucket, 82.5 AS took_sum, 10 AS took_count FROM buckets',
    metrics: [{ took: metric('HISTOGRAM') }],
  }),
  (i) => ({
    query: `SELECT address, code, '\`\${${i}}\\' AS text, load, big FROM hosts`,
    runonserver: '>=9.0.0',
    metrics: [{ address: label }, { code: label }, { text: label }, { load: metric('GAUGE') }],
  }),
]

t.test('what is written passes the compiler, the linter and the check, of 200 queries, too', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe(readFileSync(fixture('files/shop.sql'), 'utf8'))
  const queries = Object.fromEntries(
    SHAPES.flatMap((shape, kind) =>
      Array.from({ length: 200 / SHAPES.length }, (_, i) => [`kind${kind}_${i}`, shape(i)]),
    ),
  )
  const project = createProject(t, { 'many.yml': stringify(queries) })
  const folders = ['imported', 'shop', 'queries']
  for (const folder of folders.slice(1)) {
    const { status, stderr } = project.import(
      fixture(`${folder}.yml`),
      '--out',
      folder,
      '--allow-loss',
      '--no-database',
    )
    t.equal(status, 0, stderr)
    t.ok(readdirSync(join(project.dir, folder)).length > 3)
  }
  const { status, stdout, stderr } = project.ask(url, 'import', 'many.yml')
  t.equal(status, 0, `${stdout}${stderr}`)
  // The buckets of a histogram whose bounds are not in the query are a collector of their own.
  t.equal(readdirSync(project.collectors).length, 240)

  t.match(project.run('tsc', '--noEmit'), { status: 0, stdout: '' })
  const lint = project.run('biome', 'check', '--error-on-warnings', ...folders)
  t.equal(lint.status, 0, `${lint.stdout}${lint.stderr}`)
  const checked = project.ask(url, 'check', '--folder', 'imported', '--no-types', '--json')
  t.equal(checked.status, 0, `${checked.stdout}${checked.stderr}`)
  t.equal(JSON.parse(checked.stdout).collectors.length, 240)
})

t.test('a line as long as the formatter allows stays one, and a longer one is broken', async (t) => {
  const metrics = Array.from({ length: 40 }, (_, i) => ({
    metric_name: `m_${i}`,
    type: 'gauge',
    help: 'x'.repeat(70 + i),
    static_labels: { label: 'x'.repeat(70 + i) },
    values: ['n'],
    query: 'SELECT count(*) AS n FROM a',
  }))
  const project = createProject(t, { 'file.yml': stringify({ collector_name: 'long', metrics }) })
  project.import('file.yml')
  const lint = project.run('biome', 'check', '--error-on-warnings', 'imported')
  t.equal(lint.status, 0, `${lint.stdout}${lint.stderr}`)
})
