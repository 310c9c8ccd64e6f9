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
]

t.test('the linter enforces who may import whom', async (t) => {
  // A file for each rule, in a tree that has the project's folders and its linter's configuration.
  const dir = t.testdir({ 'biome.json': readFileSync(join(ROOT, 'biome.json'), 'utf8') })
  const paths = rules.map(([file], i) => file.replace('new', `new${i}`))
  for (const [i, path] of paths.entries()) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), `import { it } from '${rules[i]?.[1]}'\n\nexport default it\n`)
  }
  for (const [i, [file, from, allowed]] of rules.entries()) {
    const { status, stdout, stderr } = spawnSync(BIOME, ['lint', paths[i] ?? ''], {
      cwd: dir,
      encoding: 'utf8',
    })
    t.equal(status === 0, allowed, `${file} → ${from}`)
    t.equal(`${stdout}${stderr}`.includes('noRestrictedImports'), !allowed)
  }
})
