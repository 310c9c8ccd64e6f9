import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loginOf } from '../../../plugins/db/credentials.ts'
import { defineCollector, gauge } from '../../../src/collector.ts'
import { type Environment, readConfig } from '../../../src/config/read.ts'
import { describeError } from '../../../src/finding.ts'
import { createDatabase } from '../../database.ts'
import { poll } from '../../poll.ts'
import { startService } from '../../service.ts'

/** What a new connection logs in with, each time that it is called. */
function logins(environment: Environment, name?: string): () => Promise<{ user: string; password: string }> {
  const { databases } = readConfig(environment, (path) => readFileSync(path, 'utf8'))
  const url = databases.find((database) => database.name === name)?.url
  const [endpoint] = url?.endpoints ?? []
  if (url === undefined || endpoint === undefined) throw new Error('there is no such database')
  return async () => {
    const { user, password } = await loginOf(url, endpoint)
    return { user, password: await password() }
  }
}

async function problemOf(login: () => Promise<unknown>): Promise<string> {
  try {
    await login()
  } catch (error) {
    return describeError(error)
  }
  return ''
}

/** A file that is replaced as Kubernetes and Vault do it. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

const one = defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_one`,
})

const SHOP = 'postgres://metrics@db/shop'

t.test('a password file is read for each connection', async (t) => {
  const path = join(t.testdir({ password: 'one\n' }), 'password')
  const login = logins({ DATABASE_URL: SHOP, DATABASE_PASSWORD_FILE: path })
  t.strictSame(await login(), { user: 'metrics', password: 'one' })
  replace(path, 'two')
  t.strictSame(await login(), { user: 'metrics', password: 'two' })
  replace(path, '')
  t.match(await problemOf(login), /DATABASE_PASSWORD_FILE is .* empty/)
  const folder = join(path, '..', 'folder')
  mkdirSync(folder)
  renameSync(path, join(folder, 'password'))
  t.match(await problemOf(login), /DATABASE_PASSWORD_FILE is .*cannot be read.*ENOENT/)
})

t.test(
  'user and password of a URL in a file are read for each connection, of its own database',
  async (t) => {
    const path = join(t.testdir({ url: `eu=postgres://a:one@h1/x us=postgres://b:one@h2/x` }), 'url')
    const [eu, us] = ['eu', 'us'].map((name) => logins({ DATABASE_URL_FILE: path }, name))
    t.strictSame(await us?.(), { user: 'b', password: 'one' })
    replace(path, `eu=postgres://a:two@h1/x us=postgres://c:t%40o@h3/x`)
    t.strictSame(await us?.(), { user: 'c', password: 't@o' })
    t.strictSame(await eu?.(), { user: 'a', password: 'two' })
    replace(path, `eu=postgres://a:hush@hush@h1/x`)
    const problem = await problemOf(eu ?? (async () => {}))
    t.match(problem, /the URL in DATABASE_URL_FILE is not of the form/)
    t.notMatch(problem, 'hush')
  },
)

t.test('a password command runs for each connection, with the endpoint in its environment', async (t) => {
  const count = join(t.testdir({}), 'count')
  const command = `echo . >> ${count}; echo "$PGUSER@$PGHOST:$PGPORT/$PGDATABASE $(wc -l < ${count})"`
  const login = logins({ DATABASE_URL: SHOP, DATABASE_PASSWORD_COMMAND: command })
  t.strictSame(await login(), { user: 'metrics', password: 'metrics@db:5432/shop 1' })
  t.match(await login(), { password: 'metrics@db:5432/shop 2' })
  const [one, other] = await Promise.all([login(), login()])
  t.strictSame(one, other, 'once for those that want it at the same time')
})

for (const [what, command, says] of [
  ['fails', 'echo hush; echo "no token for you" >&2; exit 3', /failed with exit code 3: no token for you$/],
  ['fails and says what it wrote', 'echo hush; echo "bad hush" >&2; exit 3', /failed with exit code 3$/],
  ['writes nothing', 'true', /wrote nothing/],
  ['writes without end', 'yes hush', /wrote more than a password/],
  ['is not there', 'no-such-command hush-', /exit code 127: .*not found/],
] as const) {
  t.test(`a password command that ${what} is said, without what it wrote`, async (t) => {
    const problem = await problemOf(logins({ DATABASE_URL: SHOP, DATABASE_PASSWORD_COMMAND: command }))
    t.match(problem, says)
    t.match(problem, /^DATABASE_PASSWORD_COMMAND /)
    t.notMatch(problem, 'hush')
  })
}

t.test('a password command that takes too long is killed, with what it has started', async (t) => {
  const pids = join(t.testdir({}), 'pids')
  const command = `echo $$ > ${pids}; sleep 600 & echo $! >> ${pids}; wait`
  const login = logins({ DATABASE_URL: `${SHOP}?connect_timeout=1`, DATABASE_PASSWORD_COMMAND: command })
  t.match(await problemOf(login), /wrote no password within 1s .*connect_timeout/)
  const started = readFileSync(pids, 'utf8').trim().split('\n')
  t.equal(started.length, 2)
  await poll(
    () => started.filter(runs),
    (left) => left.length === 0,
  )
})

/** Whether a process runs: one that has ended may still be in the list of processes, without its arguments. */
function runs(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

t.test('a password is looked up in a password file', async (t) => {
  const path = join(t.testdir({ pgpass: 'db:5432:shop:metrics:one\nlocalhost:*:*:*:local\n' }), 'pgpass')
  chmodSync(path, 0o600)
  const login = logins({ DATABASE_URL: SHOP, PGPASSFILE: path })
  t.match(await login(), { password: 'one' })
  t.match(await logins({ DATABASE_URL: `postgres://metrics@%2Frun/shop?passfile=${path}` })(), {
    password: 'local',
  })
  t.match(await logins({ DATABASE_URL: 'postgres://me@db/shop', PGPASSFILE: path })(), { password: '' })
  chmodSync(path, 0o640)
  t.match(await problemOf(login), /password file .* is not used.*0600/)
  t.match(await logins({ DATABASE_URL: SHOP, PGPASSFILE: '/nowhere' })(), { password: '' })
})

t.test('a service goes on with a password that was changed while it ran', async (t) => {
  const { url, sql } = await createDatabase(t)
  const own = new URL(url)
  const role = own.pathname.slice(1)
  await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'hush-one'`)
  t.teardown(() => sql.unsafe(`DROP ROLE ${role}`))
  ;[own.username, own.password] = [role, 'hush-one']
  const path = join(t.testdir({ url: own.href }), 'url')
  const service = await startService(t, { DATABASE_URL_FILE: path }, { collectors: [one] })
  for (const password of ['hush-two', 'hush-three']) {
    own.password = password
    // No vote of the round before opens a session while the file has the new password and the role the old one.
    await service.database.db.vote(new AbortController().signal)
    replace(path, own.href)
    await sql.unsafe(`ALTER ROLE ${role} PASSWORD '${password}'`)
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${role}`
    await service.round()
    t.strictSame(
      service.database.collectors.list.flatMap(({ error }) => error ?? []),
      [],
    )
  }
})
