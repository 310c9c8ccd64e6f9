import t from 'tap'
import { arrange } from '../../../plugins/collectors/arrange.ts'
import type { CollectorFile } from '../../../plugins/collectors/folder.ts'
import { defineCollector, gauge } from '../../../src/collector.ts'
import { readConfig } from '../../../src/config/read.ts'

const NONE = () => {
  throw new Error('there is no file')
}
const config = (env: Record<string, string> = {}) =>
  readConfig({ DATABASE_URL: 'postgres://u:p@localhost/db', ...env }, NONE)

function file(path: string, name: string, metric = `business_${name}`): CollectorFile {
  const { collector } = defineCollector({
    name,
    metrics: { [metric]: gauge('Things.') },
    query: (sql) => sql`SELECT 1`,
  })
  return { path, url: `file:///${path}`, name, collector }
}
const broken = (path: string, name: string): CollectorFile => ({
  path,
  url: `file:///${path}`,
  name,
  problem: new Error(`${path} is broken`),
})

/** By file, the name of the collector that runs, and whether it fails. */
function outcome(files: readonly CollectorFile[], env?: Record<string, string>) {
  const { placed, problems } = arrange(files, [], [], config(env))
  return {
    runs: placed.map(({ file, collector }) => [
      file,
      collector.name,
      collector.fault === undefined ? 'runs' : 'fails',
    ]),
    problems: problems.map(({ file, outcome }) => [file, outcome]),
  }
}

t.test('of two collectors with one name the second fails, under a name of its own', async (t) => {
  t.same(outcome([file('a.ts', 'things'), file('b.ts', 'things', 'business_others')]).runs, [
    ['a.ts', 'things', 'runs'],
    ['b.ts', 'b', 'fails'],
  ])
})

t.test('names of files that cannot be loaded are kept apart', async (t) => {
  t.same(
    outcome([file('good.ts', 'good'), broken('one/good.ts', 'good'), broken('two/good.ts', 'good')]).runs,
    [
      ['good.ts', 'good', 'runs'],
      ['one/good.ts', 'one-good-ts', 'fails'],
      ['two/good.ts', 'two-good-ts', 'fails'],
    ],
  )
})

t.test('COLLECTORS leaves out what it does not name, whether or not it can be loaded', async (t) => {
  const files = [file('a.ts', 'a'), file('b.ts', 'b', 'business_a'), broken('c.ts', 'c')]
  t.same(outcome(files, { COLLECTORS: 'b' }), {
    runs: [['b.ts', 'b', 'runs']],
    problems: [['c.ts', 'is not asked for']],
  })
})

t.test('what COLLECTORS names may be in a file that cannot be loaded', async (t) => {
  const files = [file('a.ts', 'a'), broken('c.ts', 'c')]
  t.same(outcome(files, { COLLECTORS: 'a,other' }).runs, [
    ['a.ts', 'a', 'runs'],
    ['c.ts', 'c', 'fails'],
  ])
})
