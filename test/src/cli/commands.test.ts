import { readFileSync } from 'node:fs'
import t from 'tap'
import { run } from '../../../src/cli/commands.ts'
import { TestIo } from '../../io.ts'

const ROOT = new URL('../../../', import.meta.url)
const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))

/** Runs a command in this process: its exit code, and what it wrote. */
async function call(...args: string[]) {
  const io = new TestIo()
  const code = await run(args, io)
  return { code, stdout: io.stdout.text, stderr: io.stderr.text }
}

t.test('--help lists the commands', async (t) => {
  const { code, stdout, stderr } = await call('--help')
  t.match(stdout, /^Usage: [\s\S]*\n {2}serve [\s\S]*\n {2}check [\s\S]*\n {2}health /)
  t.equal(stderr, '')
  t.equal(code, 0)
})

t.test('--version is that of the package', async (t) => {
  t.same(await call('--version'), { code: 0, stdout: `${version}\n`, stderr: '' })
})

for (const command of ['serve', 'check', 'new', 'health', 'init']) {
  t.test(`${command} --help says what ${command} takes, and does nothing else`, async (t) => {
    const { code, stdout, stderr } = await call(command, '--help')
    t.match(stdout, new RegExp(`^Usage: ${command} `))
    t.equal(stderr, '')
    t.equal(code, 0)
  })

  t.test(`${command} refuses an option that there is not, and shows its usage`, async (t) => {
    const { code, stdout, stderr } = await call(command, '--nonsense')
    t.match(stderr, new RegExp(`^Unknown option '--nonsense'[^]*\nUsage: ${command} `))
    t.equal(stdout, '')
    t.equal(code, 2)
  })
}

t.test('options without a command are those of serve', async (t) => {
  const { code, stderr } = await call('--nonsense')
  t.match(stderr, /^Unknown option '--nonsense'[\s\S]*\nUsage: serve /)
  t.equal(code, 2)
})

t.test('a command that there is not is refused, and the usage lists those that there are', async (t) => {
  const { code, stdout, stderr } = await call('helth')
  t.match(stderr, /^there is no command "helth": did you mean "health"\?\n\nUsage: [\s\S]*\n {2}health /)
  t.equal(stdout, '')
  t.equal(code, 2)
  t.match((await call('x'.repeat(20))).stderr, /^there is no command "x{20}"\n/)
})

t.test('arguments that are no options are refused by a command that takes none', async (t) => {
  for (const command of ['serve', 'health']) {
    const { code, stderr } = await call(command, 'good')
    t.match(stderr, /^Unexpected argument 'good'/)
    t.equal(code, 2)
  }
})
