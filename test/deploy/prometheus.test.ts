import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lacks } from '../program.ts'
import { ROOT } from '../root.ts'
import { FOLDER, files, promtool } from './promtool.ts'

t.test(
  'promtool has nothing to say about the configuration and the rules',
  { skip: lacks('promtool', 'prometheus') },
  async (t) => {
    for (const args of [
      ['check', 'config', '--lint-fatal', 'prometheus.yml'],
      ['check', 'rules', '--lint-fatal', ...files('rules')],
    ]) {
      const { status, output } = promtool(...args)
      t.equal(status, 0, output)
    }
  },
)

t.test('one setting has every runbook_url lead elsewhere, to an address of the web', async (t) => {
  const folder = t.testdir({ deploy: { prometheus: {} } })
  cpSync(FOLDER, join(folder, 'deploy/prometheus'), { recursive: true })
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  t.match(manifest.config.runbooks, /^https:\/\/\S+$/, 'it is absolute as it is shipped')
  const written = (base: string) => {
    const config = { ...manifest.config, runbooks: base }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, config }))
    const script = manifest.scripts.runbooks.replaceAll(/\bnode (?=deploy)/g, `"${process.execPath}" `)
    const { status } = spawnSync('sh', ['-c', script], { cwd: folder })
    const rules = [...files('rules'), ...files('tests')].map((file) =>
      readFileSync(join(folder, 'deploy/prometheus', file), 'utf8'),
    )
    return { status, urls: rules.join('\n').match(/(?<=runbook_url: ).*(?=#)/g) ?? [] }
  }
  const { status, urls } = written('https://wiki.example.com/on-call/metrics?raw=1')
  t.equal(status, 0)
  t.ok(urls.length > 50)
  t.same([...new Set(urls)], ['https://wiki.example.com/on-call/metrics?raw=1'])
  t.equal(written('docs/operations.md').status, 1, 'a path is no address')
  const shipped = [...files('rules'), ...files('tests')].flatMap(
    (file) => readFileSync(join(FOLDER, file), 'utf8').match(/(?<=runbook_url: ).*(?=#)/g) ?? [],
  )
  t.same([...new Set(shipped)], [manifest.config.runbooks], 'npm run runbooks')
})
