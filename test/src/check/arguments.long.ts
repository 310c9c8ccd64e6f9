import { spawnSync } from 'node:child_process'
import t from 'tap'
import { createDatabase } from '../../database.ts'
import { ROOT } from '../../root.ts'
import { folderOf, runCheck, runJson } from './run.ts'

const good = "metrics: { business_good: gauge('Good.') }, query: (sql) => sql`SELECT 1 AS business_good`"

t.test('what is wrong with the configuration is told, and nothing is checked', async (t) => {
  const none = await runJson(t, {})
  t.match(none.document, { ok: false, errors: [/DATABASE_URL is not set/], collectors: [] })
  t.match(none.stderr, /nothing was checked:\n {2}DATABASE_URL is not set/)
  t.equal(none.code, 1)
  const { url } = await createDatabase(t, { schema: false })
  const unknown = await runCheck(
    t,
    { DATABASE_URL: url, COLLECTORS: 'god' },
    '--folder',
    folderOf(t, { good }),
  )
  t.match(unknown.stderr, /COLLECTORS names "god": did you mean "good"\?; the collectors are good/)
  t.equal(unknown.code, 1)
})

t.test('what is wrong with a file is told, and the others are checked', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = folderOf(t, { good, wrong: 'metrics: {}, query: (sql) => sql`SELECT 1`' })
  const { stdout, code } = await runCheck(t, { DATABASE_URL: url }, '--folder', folder)
  t.match(stdout, /error: .*wrong\.ts cannot be loaded: collector "wrong": it has no metrics/)
  t.match(stdout, /^2 collectors: 1 ok, 0 with warnings, 1 with errors$/m)
  t.equal(code, 1)
})

t.test('a folder without a collector is no good one', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { stderr, code } = await runCheck(t, { DATABASE_URL: url }, '--folder', t.testdir({}))
  t.match(stderr, /there are no collectors/)
  t.equal(code, 1)
})

const misuses: [what: string, args: string[], says: RegExp][] = [
  [
    'a name that there is not',
    ['god'],
    /^ {2}there is no collector "god": did you mean "good"\?; the collectors are good$/m,
  ],
  ['two names that there are not', ['x', 'y'], /there is no collector "x", "y"; the collectors are good$/m],
  ['an option that there is not', ['--sample', '3'], /^Unknown option '--sample'[\s\S]*Usage: check /],
  [
    'a number of samples that is none',
    ['--samples', 'all'],
    /^--samples is "all": it takes[\s\S]*Usage: check /,
  ],
]
for (const [what, args, says] of misuses) {
  t.test(`${what} is told, and the exit code is 2`, async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const folder = folderOf(t, { good })
    const { code, stdout, stderr } = await runCheck(t, { DATABASE_URL: url }, '--folder', folder, ...args)
    t.match(stderr, says)
    t.equal(stdout, '')
    t.equal(code, 2)
  })
}

t.test('a name that COLLECTORS leaves out is told so', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { code, stderr } = await runCheck(t, { DATABASE_URL: url, COLLECTORS: 'connections' }, 'destinations')
  t.match(stderr, /COLLECTORS has no collector "destinations"; the collectors are connections$/m)
  t.equal(code, 2)
})

t.test('--help says how it is used, and asks for no database', async (t) => {
  const { code, stdout } = await runCheck(t, {}, '--help')
  t.match(stdout, /^Usage: check /)
  t.equal(code, 0)
})

t.test('what the image is asked to do and does not know is told, with what it does', async (t) => {
  const args = ['-u', 'NODE_OPTIONS', process.execPath, 'src/cli.ts', 'chek', 'good']
  const { status, stderr } = spawnSync('env', args, { cwd: ROOT, encoding: 'utf8' })
  t.match(stderr, /^there is no command "chek": did you mean "check"\?\n\nUsage: [\s\S]*\n {2}check /)
  t.equal(status, 2)
})
