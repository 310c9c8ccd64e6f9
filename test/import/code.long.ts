import { readdirSync } from 'node:fs'
import t from 'tap'
import { stringify } from 'yaml'
import { createProject, fixture } from './project.ts'

for (const file of ['shop.yml', 'queries.yml']) {
  t.test(`what is written from ${file} passes the project's compiler and linter`, async (t) => {
    const project = createProject(t)
    const { status, stderr } = project.import(fixture(file), '--allow-loss')
    t.equal(status, 0, stderr)
    t.ok(readdirSync(project.collectors).length > 3)
    t.match(project.run('tsc', '--noEmit'), { status: 0, stdout: '' })
    const lint = project.run('biome', 'check', '--error-on-warnings', 'imported')
    t.equal(lint.status, 0, `${lint.stdout}${lint.stderr}`)
  })
}

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
