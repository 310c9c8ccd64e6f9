import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { prepareThread } from '../../../plugins/collectors/rehearsal.ts'
import { openFolder } from '../../../plugins/collectors.ts'

/** The source of a collector file. */
function source(name: string, from = 'metrics-service', before = ''): string {
  return `import { defineCollector, gauge } from '${from}'
${before}
export default defineCollector({
  name: '${name}',
  metrics: { business_${name}: gauge('Things.') },
  query: (sql) => sql\`SELECT 1 AS business_${name}\`,
})
`
}

const things = source('things')

async function load(path: string) {
  return (await openFolder(path)).loaded
}

/** By file, the name of its collector, or what is wrong with it. */
async function namesIn(folder: string): Promise<Record<string, string | undefined>> {
  const { files } = await load(folder)
  return Object.fromEntries(
    files.map(({ path, collector, problem }) => [basename(path), problem?.message ?? collector?.name]),
  )
}

t.test('the files of a folder are those that hold a collector, each with its name', async (t) => {
  const folder = t.testdir({ 'things.ts': things, 'others.js': source('others'), 'more.mts': source('more') })
  t.strictSame(await namesIn(folder), { 'more.mts': 'more', 'others.js': 'others', 'things.ts': 'things' })
})

t.test('an empty folder has no collectors', async (t) => {
  t.strictSame(await namesIn(t.testdir({})), {})
})

t.test('a thread that was prepared for a folder without collectors ends', async (t) => {
  const made = once(process, 'worker')
  prepareThread()
  const [worker] = await made
  t.strictSame(await namesIn(t.testdir({})), {})
  t.equal(worker.threadId, -1)
})

t.test('a file that is no script is ignored', async (t) => {
  const folder = t.testdir({
    'things.ts': things,
    'README.md': 'export default 1',
    'things.d.ts': 'export declare const broken: = 1',
    'things.sql': 'SELECT 1',
    'notes.json': '{}',
    'things.ts.bak': 'export',
    '.things.ts.swp': 'export',
  })
  t.strictSame(await namesIn(folder), { 'things.ts': 'things' })
})

t.test('a file in a subfolder is a collector', async (t) => {
  const folder = t.testdir({ shop: { 'things.ts': things, deeper: { 'more.ts': source('more') } } })
  t.strictSame(await namesIn(folder), { 'more.ts': 'more', 'things.ts': 'things' })
})

t.test('names with _ or a dot, tests and packages are left aside, and are said to be', async (t) => {
  const folder = t.testdir({
    'things.ts': things,
    'things.test.ts': 'throw 1',
    '_helper.ts': 'throw 1',
    '._things.ts': 'throw 1',
    _lib: { 'more.ts': 'throw 1' },
    node_modules: { 'x.ts': 'throw 1' },
  })
  symlinkSync('nobody@host.1', join(folder, '.#things.ts'))
  t.strictSame(await namesIn(folder), { 'things.ts': 'things' })
  const { aside } = await load(folder)
  t.strictSame(aside.toSorted(), [
    '._things.ts',
    '_helper.ts',
    '_lib/more.ts',
    'node_modules',
    'things.test.ts',
  ])
})

t.test('what is named almost like a collector is said to be left out', async (t) => {
  const { strange } = await load(t.testdir({ 'a.tsx': '', 'b.TS': '' }))
  t.strictSame(strange, ['a.tsx', 'b.TS'])
})

t.test('a collector imports a helper and data beside it', async (t) => {
  const before = `import { helped } from './_helper.ts'
import data from './data.json' with { type: 'json' }
if (!helped || data.known !== true) throw new Error('not there')`
  const folder = t.testdir({
    'things.ts': source('things', 'metrics-service', before),
    '_helper.ts': 'export const helped: boolean = true',
    'data.json': '{"known":true}',
  })
  t.strictSame(await namesIn(folder), { 'things.ts': 'things' })
})

t.test('the path of the package from beside src/ goes on working anywhere', async (t) => {
  const folder = t.testdir({ 'things.ts': source('things', '../src/collector.ts') })
  t.strictSame(await namesIn(folder), { 'things.ts': 'things' })
})

t.test('a folder outside of any package, and in one of CommonJS, has collectors and helpers', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'metrics-service-folder-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const before = "import { helped } from './_helper.ts'\nif (!helped) throw new Error('not there')"
  const write = () => {
    writeFileSync(join(dir, '_helper.ts'), 'export const helped: boolean = true')
    writeFileSync(join(dir, 'things.ts'), source('things', 'metrics-service', before))
    writeFileSync(join(dir, 'old.ts'), source('old', '../src/collector.ts', before))
    writeFileSync(join(dir, 'script.mjs'), source('script'))
  }
  write()
  const all = { 'old.ts': 'old', 'script.mjs': 'script', 'things.ts': 'things' }
  t.strictSame(await namesIn(dir), all)
  writeFileSync(join(dir, 'package.json'), '{"type":"commonjs"}')
  t.strictSame(await namesIn(dir), all)
})

t.test('the links of a ConfigMap are followed', async (t) => {
  const dir = t.testdir({ '..2026': { 'things.ts': things, 'more.ts': source('more') } })
  symlinkSync('..2026', join(dir, '..data'))
  for (const file of ['things.ts', 'more.ts']) symlinkSync(`..data/${file}`, join(dir, file))
  t.strictSame(await namesIn(dir), { 'more.ts': 'more', 'things.ts': 'things' })
})

t.test('a file finds what is beside its link, or else beside what that leads to', async (t) => {
  const dir = t.testdir({
    store: {
      'things.ts': source('things', 'metrics-service', "import './_linked.ts'\nimport './_stored.ts'"),
      '_stored.ts': '',
    },
    collectors: { '_linked.ts': '' },
  })
  symlinkSync('../store/things.ts', join(dir, 'collectors/things.ts'))
  t.strictSame(await namesIn(join(dir, 'collectors')), { 'things.ts': 'things' })
})

t.test('a folder that is a link, and links to folders, are followed, but not for ever', async (t) => {
  const dir = t.testdir({ real: { 'things.ts': things }, shop: { 'more.ts': source('more') } })
  symlinkSync('real', join(dir, 'linked'))
  symlinkSync('../shop', join(dir, 'real/shop'))
  symlinkSync('.', join(dir, 'real/again'))
  t.strictSame(await namesIn(join(dir, 'linked')), { 'more.ts': 'more', 'things.ts': 'things' })
})

t.test('a plain plugin needs no collector', async (t) => {
  const folder = t.testdir({ 'plain.ts': 'export default async (app: object): Promise<void> => void app' })
  t.strictSame(await namesIn(folder), { 'plain.ts': undefined })
})

/** Each alone is wrong, and is beside a file that is right. */
const wrong: [what: string, make: (t: Test, path: string) => void, says: RegExp][] = [
  ...(
    [
      ['that is empty', '', /no default export/],
      ['without a default export', 'export const collector = 1', /no default export/],
      ['whose default export is an object', "export default { name: 'things' }", /default export/],
      ['whose default export is null', 'export default null', /default export/],
      ['that throws on import', "throw new Error('not today')", /cannot be loaded: not today/],
      ['that throws what is no Error', "throw 'not today'", /cannot be loaded: not today/],
      ['with a syntax error', 'export default defineCollector({', /cannot be loaded/],
      ['that imports what is not there', "import '../nowhere.ts'", /cannot be loaded: .*nowhere/],
      [
        'with a wrong definition',
        source('things').replace("'things'", "'Wrong Name'"),
        /cannot be loaded: collector "Wrong Name": its name/,
      ],
      ['that is far too large', ' '.repeat(5_000_000), /cannot be read: it has 5000000 bytes/],
    ] as const
  ).map(
    ([what, content, says]) =>
      [what, (_: Test, path: string) => writeFileSync(path, content), says] satisfies (typeof wrong)[number],
  ),
  ['that is a link to nowhere', (_, path) => symlinkSync('nowhere.ts', path), /a link that leads nowhere/],
]
for (const [what, make, says] of wrong) {
  t.test(`a file ${what} is the only one that is wrong, and is named`, async (t) => {
    const folder = t.testdir({ 'good.ts': source('good') })
    make(t, join(folder, 'wrong.ts'))
    const names = await namesIn(folder)
    t.equal(names['good.ts'], 'good')
    t.match(names['wrong.ts'], says)
    t.match(names['wrong.ts'], /wrong\.ts/)
  })
}

t.test('the error of a file that throws has what it threw as its cause', async (t) => {
  const { files } = await load(t.testdir({ 'wrong.ts': "throw new RangeError('not today')" }))
  t.match(files[0]?.problem?.cause, { name: 'RangeError', message: 'not today' })
})

t.test('a folder that cannot be read is refused, naming it and the variable', async (t) => {
  const dir = t.testdir({ 'file.ts': '' })
  for (const folder of [join(dir, 'nowhere'), join(dir, 'file.ts')]) {
    await t.rejects(openFolder(folder), {
      message: new RegExp(`COLLECTORS_FOLDER is ".*${basename(folder)}"`),
    })
  }
})

t.test('a file that changed is loaded again, and one that did not is not', async (t) => {
  const dir = t.testdir({ 'things.ts': things, 'more.ts': source('more') })
  const { folder, loaded } = await openFolder(dir)
  writeFileSync(join(dir, 'things.ts'), things.replace('Things.', 'Other things.'))
  mkdirSync(join(dir, 'sub'))
  const [more, other] = (await folder.load()).files
  t.equal(more?.collector, loaded.files[0]?.collector)
  t.equal(other?.collector?.metrics[0]?.help, 'Other things.')
})

t.test('a change of a helper or of data loads collectors again', async (t) => {
  const before = "import { help } from './_helper.ts'"
  const dir = t.testdir({
    'things.ts': source('things', 'metrics-service', before).replace("'Things.'", 'help'),
    '_helper.ts': "export const help: string = 'One.'",
  })
  const { folder } = await openFolder(dir)
  writeFileSync(join(dir, '_helper.ts'), "export const help: string = 'Two.'")
  const [file] = (await folder.load()).files
  t.equal(file?.collector?.metrics[0]?.help, 'Two.')
})

t.test('a file that failed is tried again, though it is the same', async (t) => {
  const outside = t.testdir({
    collectors: { 'things.ts': source('things', 'metrics-service', "import '../late.ts'") },
  })
  const { folder, loaded } = await openFolder(join(outside, 'collectors'))
  t.match(loaded.files[0]?.problem?.message, /late\.ts/)
  writeFileSync(join(outside, 'late.ts'), '')
  t.equal((await folder.load()).files[0]?.collector?.name, 'things')
})
