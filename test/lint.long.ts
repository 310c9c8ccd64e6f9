import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { ROOT } from './root.ts'

const BIOME = join(ROOT, 'node_modules/.bin/biome')

const STAGES = [
  'time',
  'config',
  'contract',
  'tick',
  'leader',
  'query',
  'rows',
  'samples',
  'round',
  'page',
  'check',
  'new',
  'health',
  'html',
]

const rules: [file: string, from: string, allowed: boolean][] = [
  ...STAGES.flatMap((stage, i) => [
    ...STAGES.map((other, j): [string, string, boolean] => [
      `src/${stage}/new.ts`,
      other === stage ? './other.ts' : `../${other}/other.ts`,
      j <= i,
    ]),
    [`src/${stage}/new.ts`, '../finding.ts', true] satisfies [string, string, boolean],
    ...['../app.ts', '../server.ts', '../cli.ts', '../collector.ts', '../../plugins/db.ts'].map(
      (from): [string, string, boolean] => [`src/${stage}/new.ts`, from, false],
    ),
  ]),
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
  ['src/app.ts', '../init/init.ts', false],
  ['src/new.ts', '../init/init.ts', false],
  ['src/new.ts', '../kit/kit.ts', false],
  ['src/cli/commands.ts', '../../import/command.ts', true],
  ['src/cli/commands.ts', '../../init/init.ts', true],
  ['src/cli/commands.ts', '../../plugins/db.ts', false],
  ['src/cli/commands.ts', '../../kit/kit.ts', false],
  ['src/cli/serve.ts', '../../init/init.ts', false],
  ['init/new.ts', './files.ts', true],
  ['init/new.ts', '../src/config/package.ts', true],
  ['init/new.ts', '../src/app.ts', false],
  ['init/new.ts', 'postgres', false],
  ['init/files/collectors/new.ts', 'metrics-service', true],
  ['init/files/test/new.ts', 'metrics-service/kit', true],
  ['init/files/collectors/new.ts', '../../../src/collector.ts', false],
  ['kit/new.ts', '../src/app.ts', true],
  ['kit/new.ts', '../demo/postgres.ts', true],
  ['kit/new.ts', '../plugins/db.ts', false],
  ['kit/new.ts', '../test/database.ts', false],
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

/** What GitHub is told of an import that the linter refuses: the file and the line. */
const REFUSED = /title=lint\/style\/noRestrictedImports,file=([^,]+),line=(\d+)/g

t.test('the linter enforces who may import whom', async (t) => {
  // In a tree that has the linter's configuration and the project's folders: a file with a line for each of its imports.
  const dir = t.testdir({ 'biome.json': readFileSync(join(ROOT, 'biome.json'), 'utf8') })
  const files = Map.groupBy(rules, ([file]) => file)
  for (const [file, imports] of files) {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    const lines = imports.map(([, from], i) => `import { it as it${i} } from '${from}'\n`)
    writeFileSync(join(dir, file), `${lines.join('')}\nexport default [${imports.map((_, i) => `it${i}`)}]\n`)
  }
  const args = ['lint', '--reporter=github', '--max-diagnostics=none']
  const { stdout } = spawnSync(BIOME, args, { cwd: dir, encoding: 'utf8' })
  const refused = Array.from(
    stdout.matchAll(REFUSED),
    ([, file = '', line]) => `${relative(dir, file)}:${line}`,
  )
  for (const [file, imports] of files) {
    for (const [i, [, from, allowed]] of imports.entries()) {
      t.equal(!refused.includes(`${file}:${i + 1}`), allowed, `${file} → ${from}`)
    }
  }
})
