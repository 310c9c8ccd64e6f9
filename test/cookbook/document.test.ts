import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { kit } from '#kit'
import { lacks } from '../program.ts'
import { ROOT } from '../root.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const document = read('docs/collectors.md')
const tests = ['overdue-invoices', 'recipes'].map((name) => read(`test/cookbook/${name}.test.ts`))
const files = readdirSync(join(ROOT, 'cookbook')).filter((file) => file.endsWith('.ts'))

/** The blocks of code in a language. */
function blocks(language: string): string[] {
  return Array.from(document.matchAll(/^```(\w*)\n(.*?)^```$/gms)).flatMap(([, of, text]) =>
    of === language ? (text ?? '') : [],
  )
}

t.test('each block of TypeScript is a file as it is, and each file of the cookbook is shown', async (t) => {
  // The test is the reader's own: of a collector that is in collectors/.
  const test = tests[0]?.replace('/cookbook/', '/collectors/')
  const shown = [...files.map((file) => read(`cookbook/${file}`)), test]
  t.same(blocks('ts').sort(), shown.sort())
})

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
