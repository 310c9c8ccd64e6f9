import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { init } from '../../init/init.ts'
import { TestIo } from '../io.ts'

/** Runs `init` in this process: its exit code, and what it wrote. */
async function call(...args: string[]) {
  const io = new TestIo()
  const code = await init(args, io)
  return { code, stdout: io.stdout.text, stderr: io.stderr.text }
}

t.test('a file that is in the way is named, and nothing is written', async (t) => {
  const folder = t.testdir({ 'tsconfig.json': 'mine', test: { 'tables.test.ts': 'mine' } })
  const { code, stdout, stderr } = await call(folder)
  t.equal(
    stderr,
    `nothing was written, because this is in the way in ${folder}: test/tables.test.ts, tsconfig.json\n`,
  )
  t.equal(stdout, '')
  t.equal(code, 1)
  t.same(readdirSync(folder).sort(), ['test', 'tsconfig.json'])
  t.equal(readFileSync(join(folder, 'tsconfig.json'), 'utf8'), 'mine')
})

t.test('what is not asked for is not in the way', async (t) => {
  const folder = t.testdir({ Dockerfile: 'mine', 'README.md': 'mine' })
  t.match((await call(folder)).stderr, /: README\.md\n$/)
  t.match((await call(folder, '--docker')).stderr, /: README\.md, Dockerfile\n$/)
})

t.test('a link that leads nowhere is in the way, too', async (t) => {
  const folder = t.testdir({ '.env': t.fixture('symlink', 'gone') })
  t.match((await call(folder)).stderr, /: \.env\n$/)
})

t.test('a place that cannot be a folder is said', async (t) => {
  const folder = t.testdir({ file: '' })
  const { code, stderr } = await call(join(folder, 'file'))
  t.match(stderr, /file/)
  t.equal(code, 1)
})

t.test('the folder has to be named, and there is one', async (t) => {
  for (const args of [[], ['a', 'b']]) {
    const { code, stderr } = await call(...args)
    t.match(stderr, /^Name one folder\n\nUsage: init FOLDER/)
    t.equal(code, 2)
  }
})
