import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { importHere } from './project.ts'

/** The metrics, labels and inner queries that are written of a text, each collector by its name. */
async function written(t: Test, text: string | Buffer) {
  const { written, stdout, stderr, dir, status } = await importHere(t, { 'file.yml': text }, 'file.yml')
  t.equal(stderr, '')
  const files = written.map((name) => [name, readFileSync(`${dir}/imported/${name}`, 'utf8')] as const)
  return { files: new Map(files), status, stdout }
}

const queries = (query: string) =>
  `q:\n  query: ${query}\n  metrics: [{ n: { usage: GAUGE, description: N. } }]\n`

t.test('no name is read as a number, a boolean or nothing', async (t) => {
  const names = ['010', '1e3', '0x1f', 'on', 'yes', 'n', 'null', 'true', '1_000']
  const columns = names.map((name) => `    - ${name}: { usage: GAUGE, description: 1.10 }\n`)
  for (const begin of ['', '%YAML 1.1\n---\n']) {
    const { files } = await written(t, `${begin}q:\n  query: SELECT 1\n  metrics:\n${columns.join('')}`)
    for (const name of names) t.match(files.get('q.ts'), `q_${name}: gauge('1.10'`)
  }
})

t.test('a value that is ~, null or nothing is none, and in quotes it is a text', async (t) => {
  const { files, status } = await written(
    t,
    `${queries('SELECT 1 AS n')}  master: ~\n  cache_seconds:\n  runonserver: null\n`,
  )
  t.equal(status, 0)
  t.notMatch(files.get('q.ts'), /versions|interval/)
  const { files: quoted } = await written(t, queries('SELECT 1 AS n').replace('N.', '"null"'))
  t.match(quoted.get('q.ts'), "gauge('null'")
})

t.test('a merge adds what is not there, in any order, and << in quotes is a key', async (t) => {
  const { files } = await written(
    t,
    `a: &a { query: SELECT 1 AS n, cache_seconds: 300, metrics: [{ n: { usage: GAUGE, description: N. } }] }
b: { <<: [{ cache_seconds: 600 }, *a], query: SELECT 2 AS n }
c: { "<<": *a, query: SELECT 3 AS n, metrics: [{ n: { usage: GAUGE, description: N. } }] }
`,
  )
  t.match(files.get('b.ts'), /interval: '10m'.*SELECT 2 AS n/s)
  t.notMatch(files.get('c.ts'), 'interval')
})

const SQL = 'SELECT 1 AS n,\n       2 AS m'
const same: [what: string, text: string | Buffer][] = [
  ['has a byte order mark', Buffer.from(`\ufeff${queries(`|\n    ${SQL.replace('\n', '\n    ')}`)}`)],
  [
    'has lines that end in CR and LF',
    queries(`|\n    ${SQL.replace('\n', '\n    ')}`).replaceAll('\n', '\r\n'),
  ],
  ['has a block whose indentation is written down', queries(`|2\n${SQL.replace(/^/gm, '    ')}`)],
  [
    'has a block that begins far to the right, after an empty line',
    queries(`|+\n\n${SQL.replace(/^/gm, ' '.repeat(40))}\n\n`),
  ],
  ['has a block of tabs after its indentation', queries(`|\n    ${SQL.replace('\n', '\n    ')}  \t`)],
  ['has tabs between its keys and values', queries(`\t"SELECT 1 AS n,\\n       2 AS m"\t# all`)],
  ['has explicit tags', queries('!!str "SELECT 1 AS n,\\n       2 AS m"')],
  [
    'has JSON',
    JSON.stringify({ q: { query: SQL, metrics: [{ n: { usage: 'GAUGE', description: 'N.' } }] } }),
  ],
  [
    'has documents that are empty',
    `---\n---\n${queries(`"${SQL.replace('\n', '\\n')}"`)}...\n---\n# nothing\n`,
  ],
]
for (const [what, text] of same) {
  t.test(`a file is read as it is meant when it ${what}`, async (t) => {
    const { files, status } = await written(t, text)
    t.equal(status, 0)
    const [, sql] = /FROM \(\n(.*)\n +\) AS source/s.exec(files.get('q.ts') ?? '') ?? []
    const [first = '', ...rest] = sql?.split('\n') ?? []
    const indent = first.length - first.trimStart().length
    t.equal([first, ...rest].map((line) => line.slice(indent)).join('\n'), SQL)
  })
}

t.test('texts of other alphabets, and lines of any length, come over', async (t) => {
  const long = Array.from({ length: 3000 }, (_, i) => `'Zürich 東京 🎉 ${i}'`).join(' || ')
  const { files } = await written(
    t,
    queries(`"SELECT length(${long}) AS n"`).replace('N.', '„Größe“ 東京 🎉'),
  )
  t.match(files.get('q.ts'), "gauge('„Größe“ 東京 🎉'")
  t.ok(files.get('q.ts')?.includes(long))
})
