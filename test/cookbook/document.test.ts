import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { kit } from '#kit'
import { buildApp } from '../../src/app.ts'
import type { Build } from '../../src/check/command.ts'
import { create } from '../../src/new/command.ts'
import { createDatabase } from '../database.ts'
import { TestIo } from '../io.ts'
import { lacks } from '../program.ts'
import { ROOT } from '../root.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const document = read('docs/collectors.md')
const tests = ['overdue-invoices', 'payments', 'recipes', 'sql'].map((name) =>
  read(`test/cookbook/${name}.test.ts`),
)
const files = readdirSync(join(ROOT, 'cookbook')).filter((file) => file.endsWith('.ts'))

/** The blocks of code in a language. */
function blocks(language: string): string[] {
  return Array.from(document.matchAll(/^```(\w*)\n(.*?)^```$/gms)).flatMap(([, of, text]) =>
    of === language ? (text ?? '') : [],
  )
}

/** What a reader's own file has in place of what a file of this repository has. */
const OWN = [
  ["'../src/collector.ts'", "'metrics-service'"],
  ["import t from 'tap'\n", "import { strict as assert } from 'node:assert'\nimport test from 'node:test'\n"],
  ["'#kit'", "'metrics-service/kit'"],
  ["'../../cookbook/", "'../collectors/"],
  ["'cookbook/schema.sql'", "'schema.sql'"],
  ['t.test(', 'test('],
  ['t.same(', 'assert.deepEqual('],
  ['t.equal(', 'assert.equal('],
] as const

/** A file as a reader has it in a folder of their own. */
function own(text: string): string {
  return OWN.reduce((written, [here, there]) => written.replaceAll(here, there), text)
}

t.test('each block of TypeScript is a file as it is, and each file of the cookbook is shown', async (t) => {
  const [overdue, payments] = tests
  const written = blocks('ts').filter((text) => !text.includes('business_overdue_invoices'))
  const shown = [...files.map((file) => read(`cookbook/${file}`)), overdue ?? '', payments ?? '']
  t.same(written.sort(), shown.map(own).sort())
})

t.test('new makes the file that the document shows of the query that it shows', async (t) => {
  const { sql, url } = await openDatabase(t)
  await sql`
    INSERT INTO invoices (plan, due_time)
    SELECT plan, now() - interval '1 day' FROM unnest(ARRAY['starter', 'team', 'enterprise']) AS plan`
  const command = blocks('sh').find((text) => text.includes('metrics-service new'))
  const [, name = '', query = ''] = / new ([\w-]+) --sql "(.*)"\n$/s.exec(command ?? '') ?? []
  const folder = t.testdir({})
  const io = new TestIo()
  const args = [name, '--sql', query.trim().replaceAll(/\s+/g, ' '), '--folder', folder]
  const build: Build = (options) => buildApp({ env: { DATABASE_URL: url }, ...options })
  t.equal(await create(args, io, build), 0, io.stderr.text + io.stdout.text)
  const made = readFileSync(join(folder, `${name}.ts`), 'utf8')
  const shown = blocks('ts').find((text) => text.includes('business_overdue_invoices'))
  t.equal(made.replace(/(?<= from )'.*'/, "'metrics-service'"), shown)
})

/** A database with the tables of the document. */
async function openDatabase(t: Test) {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(read('cookbook/schema.sql'))
  return database
}

t.test(
  'each file of the cookbook has its name, is tested, and can be loaded beside the others',
  async (t) => {
    const { collect } = await kit(t, { schema: 'cookbook/schema.sql', collectors: 'cookbook' })
    await t.resolves(collect())
    for (const file of files) {
      t.ok(read(`cookbook/${file}`).includes(`name: '${basename(file, '.ts')}'`), file)
      t.ok(tests.join().includes(`from '../../cookbook/${file}'`), file)
    }
  },
)

t.test('each block of SQL is a part of the tables, or is a question that they answer', async (t) => {
  const { sql } = await kit(t, { schema: 'cookbook/schema.sql', collectors: [] })
  const schema = read('cookbook/schema.sql')
  for (const text of blocks('sql')) {
    if (text.startsWith('CREATE ')) t.ok(schema.includes(text), text)
    else await t.resolves(sql.unsafe(text), text)
  }
})

t.test('promtool takes its alerts and expressions', { skip: lacks('promtool', 'prometheus') }, async (t) => {
  const records = blocks('promql').map((expr, i) => ({ record: `expression_${i}`, expr }))
  const rules = [...records, ...blocks('yaml').flatMap((text) => parse(text))]
  const dir = t.testdir({ 'rules.yml': stringify({ groups: [{ name: 'document', rules }] }) })
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', `${dir}/rules.yml`], {
    encoding: 'utf8',
  })
  t.equal(status, 0, `${stdout}${stderr}`)
  t.match(stdout, `${rules.length} rules found`)
})

t.test('each file that the document links is there', async (t) => {
  for (const [, path = ''] of document.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
    t.ok(existsSync(join(ROOT, 'docs', path)), path)
  }
})
