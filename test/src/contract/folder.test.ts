import { basename } from 'node:path'
import t, { type Test } from 'tap'
import { loadFolder } from '../../../src/contract/folder.ts'

const COLLECTOR = new URL('../../../src/collector.ts', import.meta.url).href

/** The source of a collector file. */
function source(name: string, metric: string): string {
  return `import { defineCollector, gauge } from '${COLLECTOR}'
export default defineCollector({
  name: '${name}',
  metrics: { ${metric}: gauge('Things.') },
  query: (sql) => sql\`SELECT 1 AS ${metric}\`,
})
`
}

const things = source('things', 'business_things')

/** By file, the name of its collector. */
async function namesIn(folder: string): Promise<Map<string, string | undefined>> {
  const files = await loadFolder(folder)
  return new Map(files.map(({ path, collector }) => [basename(path), collector?.name]))
}

/** The error with which a folder of these files is refused. */
async function problemWith(t: Test, files: Readonly<Record<string, string>>): Promise<Error> {
  const problem: unknown = await loadFolder(t.testdir({ ...files })).catch((error: unknown) => error)
  if (problem instanceof Error) return problem
  throw new Error('the folder was not refused')
}

t.test('the files of a folder are those that hold a collector, each with its name', async (t) => {
  const folder = t.testdir({ 'things.ts': things, 'others.js': source('others', 'business_others') })
  t.strictSame(
    await namesIn(folder),
    new Map([
      ['others.js', 'others'],
      ['things.ts', 'things'],
    ]),
  )
})

t.test('an empty folder has no collectors', async (t) => {
  t.strictSame(await namesIn(t.testdir({})), new Map())
})

t.test('a file of a folder that is no script is ignored', async (t) => {
  const folder = t.testdir({
    'things.ts': things,
    'README.md': 'export default 1',
    'things.d.ts': 'export declare const broken: = 1',
    'things.sql': 'SELECT 1',
    'notes.json': '{}',
  })
  t.strictSame(await namesIn(folder), new Map([['things.ts', 'things']]))
})

t.test('a plain plugin needs no collector', async (t) => {
  const folder = t.testdir({ 'plain.ts': 'export default async (app: object): Promise<void> => void app' })
  t.strictSame(await namesIn(folder), new Map([['plain.ts', undefined]]))
})

t.test('two files with one name are refused, naming both and the name', async (t) => {
  const { message } = await problemWith(t, { 'a.ts': things, 'b.ts': source('things', 'business_others') })
  t.match(message, /a\.ts and .*b\.ts.*things/)
})

t.test('two plain plugins with one name are refused, naming both and the name', async (t) => {
  const plugin = `const plugin = async () => {}
plugin[Symbol.for('plugin-meta')] = { name: 'same' }
export default plugin
`
  const { message } = await problemWith(t, { 'a.js': plugin, 'b.js': plugin })
  t.match(message, /a\.js and .*b\.js.*"same"/)
})

t.test('two collectors that claim one metric are refused, naming both files and the metric', async (t) => {
  const { message } = await problemWith(t, { 'a.ts': things, 'b.ts': source('others', 'business_things') })
  t.match(message, /a\.ts and .*b\.ts.*metric "business_things"/)
})

/** Each alone is wrong, and is beside a file that is right. */
const wrong: [what: string, content: string, says: RegExp][] = [
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
    source('Wrong Name', 'business_wrong'),
    /cannot be loaded: collector "Wrong Name": its name/,
  ],
]
for (const [what, content, says] of wrong) {
  t.test(`a file ${what} is refused, naming the file`, async (t) => {
    const { message } = await problemWith(t, { 'things.ts': things, 'wrong.ts': content })
    t.match(message, says)
    t.match(message, /wrong\.ts/)
    t.notMatch(message, /things\.ts/)
  })
}

t.test('the error of a file that throws has what it threw as its cause', async (t) => {
  const { cause } = await problemWith(t, { 'wrong.ts': "throw new RangeError('not today')" })
  t.match(cause, { name: 'RangeError', message: 'not today' })
})

t.test('a folder that is not there is refused, naming it', async (t) => {
  const folder = `${t.testdir({})}/nowhere`
  const problem: unknown = await loadFolder(folder).catch((error: unknown) => error)
  t.match(problem, Error)
  t.match(String(problem), basename(folder))
})
