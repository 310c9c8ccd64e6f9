import { readdirSync } from 'node:fs'
import { join as pathOf } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import type { CollectorPlugin } from '../../src/collector.ts'
import { tagOf } from '../../src/query/tag.ts'
import { createProject } from './project.ts'

const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }),
    fc
      .array(fc.constantFrom("'", '"', '`', '\\', '${', '}', '$', '\n', 'a', ' ', ';', '--', '*/', '{{'), {
        minLength: 1,
      })
      .map((parts) => parts.join('')),
  )
  .filter((text) => text.trim() !== '' && !text.includes('\0') && text.isWellFormed())

/** What the tag of a query sends: the text, and its fragments as they are. Like the client's, a query is an object. */
const tag = tagOf(
  Object.assign(
    (strings: readonly string[], ...values: readonly object[]) => queryOf(join(strings, values)),
    {
      unsafe: queryOf,
    },
  ) as never,
)

function queryOf(text: string): object {
  return { toString: () => text }
}

function join(strings: readonly string[], values: readonly object[]): string {
  return strings.map((text, i) => text + (values[i] ?? '')).join('')
}

t.test('any text of a help, a label or the SQL arrives as it was, in a file that is formatted', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ help: text, label: text, quoted: text }), { minLength: 20, maxLength: 40 }),
      async (texts) => {
        const metrics = texts.map(({ help, label, quoted }, i) => ({
          metric_name: `metric_${i}`,
          type: 'gauge',
          help,
          static_labels: { label },
          values: ['n'],
          query: `SELECT count(*) AS n FROM things WHERE name = '${quoted.replaceAll("'", "''")}'`,
        }))
        const project = createProject(t, { 'file.yml': stringify({ collector_name: 'texts', metrics }) })
        const { status, stderr } = project.import('file.yml')
        if (status !== 0) throw new Error(stderr)
        const lint = project.run('biome', 'check', '--error-on-warnings', 'imported')
        if (lint.status !== 0) throw new Error(lint.stderr + lint.stdout)
        const files = readdirSync(project.collectors)
        t.equal(files.length, texts.length)
        for (const file of files) {
          const module: { default: CollectorPlugin } = await import(
            `${pathToFileURL(pathOf(project.collectors, file))}?${Math.random()}`
          )
          const { collector } = module.default
          const i = Number(/\d+/.exec(collector.metrics[0]?.name ?? '')?.[0])
          t.equal(collector.metrics[0]?.help, texts[i]?.help.trim())
          t.same(collector.labels[0]?.values, [texts[i]?.label])
          // The tag is ours, which is all that such a query needs of the client.
          const sql = String(collector.query(tag, {} as never))
          t.ok(sql.includes(metrics[i]?.query ?? '?'), sql)
        }
      },
    ),
    { numRuns: 4, endOnFailure: true },
  )
})
