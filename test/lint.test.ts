import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BIOME = join(ROOT, 'node_modules/.bin/biome')

const rules: [file: string, from: string, allowed: boolean][] = [
  ['collectors/new.ts', '../src/collector.ts', true],
  ['collectors/new.ts', '../src/samples.ts', false],
  ['collectors/new.ts', './connections.ts', false],
  ['collectors/new.ts', 'postgres', false],
  ['cookbook/new.ts', '../src/collector.ts', true],
  ['cookbook/new.ts', '../src/samples.ts', false],
  ['src/new.ts', './samples.ts', true],
  ['src/new.ts', 'postgres', true],
  ['src/new.ts', '../plugins/db.ts', false],
  ['src/new.ts', '../collectors/connections.ts', false],
  ['src/app.ts', '../plugins/db.ts', true],
  ['plugins/new.ts', '../src/samples.ts', true],
  ['plugins/new.ts', './new/part.ts', true],
  ['plugins/new.ts', './db.ts', false],
  ['plugins/new.ts', '../src/app.ts', false],
  ['plugins/new.ts', '../collectors/connections.ts', false],
  ['plugins/new/part.ts', '../../src/samples.ts', true],
  ['plugins/new/part.ts', './other.ts', true],
  ['plugins/new/part.ts', '../db.ts', false],
  ['plugins/new/part.ts', '../db/pool.ts', false],
  ['plugins/new/part.ts', '../../src/app.ts', false],
  ['import/new.ts', 'yaml', true],
  ['import/new.ts', 'node:fs', true],
  ['import/new.ts', './draft.ts', true],
  ['import/new.ts', '../src/collector.ts', true],
  ['import/new.ts', '../src/app.ts', false],
  ['import/new.ts', '../plugins/collectors.ts', false],
  ['import/new.ts', 'postgres', false],
  ['src/new.ts', '../import/draft.ts', false],
  ['src/app.ts', '../import/draft.ts', false],
  ['plugins/new.ts', '../import/draft.ts', false],
  ['plugins/new/part.ts', '../../import/draft.ts', false],
  ['collectors/new.ts', '../import/draft.ts', false],
  ['demo/new.ts', '../import/draft.ts', false],
  ['bench/new.ts', '../import/draft.ts', false],
  ['test/new.ts', '../import/draft.ts', false],
  ['test/import/new.ts', './project.ts', true],
  ['deploy/new.ts', './panel.ts', true],
  ['deploy/new.ts', '../src/config.ts', false],
  ['deploy/new/part.ts', '../../plugins/db.ts', false],
]

t.test('the linter enforces who may import whom', async (t) => {
  // A file for each rule, in a tree that has the project's folders and its linter's configuration.
  const dir = t.testdir({ 'biome.json': readFileSync(join(ROOT, 'biome.json'), 'utf8') })
  for (const [file, from, allowed] of rules) {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    writeFileSync(join(dir, file), `import { it } from '${from}'\n\nexport default it\n`)
    const { status, stdout, stderr } = spawnSync(BIOME, ['lint', file], {
      cwd: dir,
      encoding: 'utf8',
    })
    t.equal(status === 0, allowed, `${file} → ${from}`)
    t.equal(`${stdout}${stderr}`.includes('noRestrictedImports'), !allowed)
  }
})
