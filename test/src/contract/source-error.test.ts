import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { sourceError } from '../../../src/contract/source-error.ts'
import type { Finding } from '../../../src/finding.ts'

const COLLECTOR = new URL('../../../src/collector.ts', import.meta.url).href
/** Stands before what is wrong, and is taken out. */
const MARK = '‸'
const HEAD = `import { defineCollector, gauge } from '${COLLECTOR}'\n`
const good = "name: 'good', metrics: { business_good: gauge('Good.') }, query: (sql) => sql`SELECT 1`,"

/** Files that cannot be loaded, with what their finding says, and the line to write if there is one. */
const WRONG: Readonly<Record<string, readonly [source: string, problem: RegExp, advice?: RegExp]>> = {
  'a name that is not imported': [
    `${HEAD}export default defineCollector({\n  name: 'a',\n  metrics: { a: ‸counter('A.') },\n})`,
    /^counter is not defined$/,
    /import \{ defineCollector, counter \} from 'metrics-service'/,
  ],
  'a name that is misspelt': [
    `${HEAD}export default defineCollector({ metrics: {\n  a: ‸guage('A.') } })`,
    /^guage is not defined$/,
    /^write: gauge$/,
  ],
  'an import that is misspelt': [
    `\nimport { defineCollector, ‸guage } from '${COLLECTOR}'\nexport default 1`,
    /does not provide an export named 'guage'/,
    /^write: gauge$/,
  ],
  'a package that is not there': [
    "import fs from 'node:fs'\nimport dayjs from ‸'dayjs/esm'\nexport default 1",
    /^Cannot find package 'dayjs'/,
    /install it/,
  ],
  'a file that is not there': [
    `${HEAD}import { x } from ‸'../lib/x.ts'`,
    /^Cannot find module '.*lib\/x.ts'/,
  ],
  'a name that is declared twice': [
    `${HEAD}const a: number = 1\nconst ‸a = 2\nexport default 1`,
    /^Identifier 'a' has already been declared$/,
  ],
  'an error that the file throws': [
    `${HEAD}const limits: { a?: { b: number } } = {}\n\nexport const limit = limits.a.‸b`,
    /^Cannot read properties of undefined \(reading 'b'\)$/,
  ],
  'an error in a function of the file': [
    `${HEAD}function of(): never {\n  throw ‸new Error('no limit')\n}\nexport default of()`,
    /^no limit$/,
  ],
  'a module of CommonJS': [
    'const { gauge } = ‸require("metrics-service")\nexport default 1',
    /^require is not defined/,
    /export default/,
  ],
  'a field that there is not': [
    `${HEAD}// windo: no\nexport default defineCollector({ ${good}\n  ‸windo: { settle: '1m' } })`,
    /a collector has no field "windo": did you mean "window"\?$/,
    /^write: window: …$/,
  ],
  'a field of a window that there is not': [
    `${HEAD}export default defineCollector({ ${good.replaceAll('gauge', 'counter')}\n  window: { settle: '1m', ‸intervall: '1m' } })`.replace(
      'gauge',
      'counter',
    ),
    /a window has no field "intervall"/,
  ],
  'an interval that is no duration': [
    `${HEAD}export default defineCollector({ ${good}\n  ‸interval: '5 minutes' })`,
    /its interval "5 minutes"/,
  ],
  'a metric whose name is none': [
    `${HEAD}export default defineCollector({ name: 'a', query: () => 1,\n metrics: { '‸business-a': gauge('A.') } })`,
    /"business-a" is not a metric name/,
  ],
  'a type of metrics that there is not': [
    `${HEAD}export default defineCollector({ name: 'a', query: () => 1,\n metrics: { ‸a: { type: 'summary', help: 'A.' } } })`,
    /metric "a" has no type that there is/,
    /gauge\(/,
  ],
}

/** What the finding says of a file that is loaded with Node.js' own import. */
async function findingOf(t: Test, text: string): Promise<Finding> {
  const path = join(t.testdir({ 'wrong.ts': text }), 'wrong.ts')
  try {
    await import(pathToFileURL(path).href)
  } catch (error) {
    return sourceError(error, path, readFileSync(path, 'utf8'))
  }
  throw new Error('it can be loaded')
}

for (const [what, [source, problem, advice]] of Object.entries(WRONG)) {
  t.test(`of a file with ${what}, the line and the column are said`, async (t) => {
    const finding = await findingOf(t, source.replace(MARK, ''))
    t.match(finding.problem, problem)
    if (advice !== undefined) t.match(finding.advice, advice)
    const lines = source.slice(0, source.indexOf(MARK)).split('\n')
    t.match(finding.place, {
      file: /wrong\.ts$/,
      line: lines.length,
      column: (lines.at(-1)?.length ?? 0) + 1,
    })
    t.equal(finding.place?.text, source.replace(MARK, '').split('\n')[lines.length - 1])
  })
}

/** Files that are no TypeScript. What Node.js says of them depends on its version, and the line does not. */
const SYNTAX: Readonly<Record<string, readonly [source: string, line: number]>> = {
  'a comma that is too much': ['export default {\n  a: 1,,\n}\n', 2],
  'a query whose backtick is missing': [`export default {\n  query: (sql) => sql\`SELECT 1,\n}\n`, 3],
  'a backtick in its SQL': [
    'export default {\n  query: (sql) => sql`SELECT count(*)\n    FROM `orders``,\n}\n',
    3,
  ],
  'a bracket that is missing': ["\nexport default defineCollector({\n  name: 'a'\n  labels: {},\n})", 4],
  'an enum': ['const a = 1\nenum State { On }\nexport default {}', 2],
}
for (const [what, [source, line]] of Object.entries(SYNTAX)) {
  t.test(`of a file with ${what}, the line is said`, async (t) => {
    const { place } = await findingOf(t, source)
    t.ok(place !== undefined && Math.abs(place.line - line) <= 1, `line ${place?.line}, not ${line}`)
    t.match(place?.file, /wrong\.ts$/)
  })
}

t.test('an error in a file that the collector imports has the place in that file', async (t) => {
  const folder = t.testdir({ 'wrong.ts': "import './lib.ts'\n", 'lib.ts': '\n\nexport const a: = 1\n' })
  const path = join(folder, 'wrong.ts')
  const error: unknown = await import(pathToFileURL(path).href).catch((error: unknown) => error)
  t.match(sourceError(error, path, readFileSync(path, 'utf8')).place, {
    file: join(folder, 'lib.ts'),
    line: 3,
  })
})

t.test('what is thrown and is no error has no place', async (t) => {
  t.same(sourceError('no', 'wrong.ts', 'throw "no"'), { problem: 'no' })
})
