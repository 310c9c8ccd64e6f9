import { spawnSync } from 'node:child_process'
import t from 'tap'
import { ROOT } from '../root.ts'

for (const [version, status, said] of [
  ['20.20.2', 1, /^metrics-service needs Node\.js 22\.19 or newer, and this is 20\.20\.2: .+\n$/],
  ['22.18.9', 1, /^metrics-service needs /],
  ['22.19.0', 0, /^$/],
  ['100.0.0', 0, /^$/],
] as const) {
  t.test(
    `with Node.js ${version} scripts ${status === 0 ? 'run' : 'say in a line what they need'}`,
    async (t) => {
      const script = `
      Object.defineProperty(process, 'versions', { value: { node: '${version}' } })
      require('./src/node-version.cjs')`
      const run = spawnSync(process.execPath, ['--input-type=commonjs', '-e', script], {
        cwd: ROOT,
        env: { PATH: process.env.PATH },
        encoding: 'utf8',
      })
      t.match(run.stderr, said)
      t.equal(run.status, status)
    },
  )
}
