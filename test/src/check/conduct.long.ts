import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../../../demo/port.ts'
import { untilLeft } from '../../backends.ts'
import { createDatabase } from '../../database.ts'
import { lacks } from '../../program.ts'
import { ROOT } from '../../root.ts'
import { folderOf, runCheck, runJson, startCheck } from './run.ts'

const good = "metrics: { business_good: gauge('Good.') }, query: (sql) => sql`SELECT 1 AS business_good`"

/** A port that somebody listens on. */
async function takenPort(t: Test): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return String((server.address() as AddressInfo).port)
}

t.test('nothing is served and no state is touched, even one that the service would refuse', async (t) => {
  const { url } = await createDatabase(t)
  const state = join(t.testdir({}), 'state.json')
  writeFileSync(state, 'no state')
  const env = {
    DATABASE_URL: url,
    STATE_FILE: state,
    PORT: await takenPort(t),
    DEBUG_PORT: await takenPort(t),
  }
  const { code, stderr } = await runCheck(t, env, 'operations-created')
  t.equal(stderr, '')
  t.equal(code, 0)
  t.equal(readFileSync(state, 'utf8'), 'no state')
  t.notOk(existsSync(`${state}.rejected`))
})

t.test('what a collector prints is not among what is told', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = folderOf(t, { good: good.replace('=> sql', "=> console.log('noise') ?? sql") })
  const { document, stderr } = await runJson(t, { DATABASE_URL: url }, '--folder', folder)
  t.equal(document.ok, true)
  t.match(stderr, 'noise')
})

t.test('a reader that goes ends the check without a word', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const piped = '"$0" src/cli.ts check --folder "$1" | true; exit $PIPESTATUS'
  const args = ['-u', 'NODE_OPTIONS', 'bash', '--norc', '-c', piped, process.execPath, folderOf(t, { good })]
  const env = { PATH: process.env.PATH, DATABASE_URL: url }
  const { status, stderr } = spawnSync('env', args, { cwd: ROOT, env, encoding: 'utf8' })
  t.equal(stderr, '')
  t.equal(status, 1)
})

t.test('all collectors read one snapshot', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things AS SELECT 1 AS size`
  const read = (name: string) =>
    `metrics: { business_${name}: gauge('Size.') }, query: (sql) => sql\`SELECT size AS business_${name} FROM things\``
  const folder = folderOf(t, {
    a: read('before'),
    b: `metrics: { business_wait: gauge('Wait.') },
      query: (sql) => sql\`SELECT 1 AS business_wait FROM (SELECT pg_advisory_xact_lock_shared(1)) AS locked\``,
    c: read('after'),
  })
  const lock = await sql.reserve()
  await lock`SELECT pg_advisory_lock(1)`
  const { ended } = startCheck(t, { DATABASE_URL: url }, ['--folder', folder, '--samples', '9'])
  await waitsForLock(lock)
  await lock`UPDATE things SET size = 2`
  await lock`SELECT pg_advisory_unlock(1)`
  lock.release()
  const { stdout, code } = await ended
  t.match(stdout, /business_before 1\n/)
  t.match(stdout, /business_after 1\n/)
  t.equal(code, 0)
})

type Client = Awaited<ReturnType<Awaited<ReturnType<typeof createDatabase>>['sql']['reserve']>>

/** Resolves when a session of this database waits for an advisory lock. */
async function waitsForLock(sql: Client): Promise<void> {
  for (;;) {
    const [waiting] = await sql`
      SELECT FROM pg_locks
       WHERE locktype = 'advisory' AND NOT granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
    if (waiting !== undefined) return
    await sql`SELECT pg_sleep(0.05)`
  }
}

t.test('a query is ended at the timeout of its collector, which is told with its plan’s cost', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const folder = folderOf(t, {
    good,
    slow: `timeout: '500ms', metrics: { business_slow: gauge('Slow.') },
      query: (sql) => sql\`SELECT 1 AS business_slow FROM pg_sleep(3600)\``,
  })
  const { document, code } = await runJson(t, { DATABASE_URL: url }, '--folder', folder)
  t.match(document.collectors, [
    { name: 'good', verdict: 'ok' },
    { name: 'slow', errors: [{ problem: /statement timeout|no answer within/ }], run: null, cost: Number },
  ])
  t.equal(code, 1)
  await untilLeft(t, sql, 0)
})

t.test('a signal ends the query that runs, and the exit code tells of it', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const folder = folderOf(t, {
    waits: `metrics: { business_wait: gauge('Wait.') },
      query: (sql) => sql\`SELECT 1 AS business_wait FROM (SELECT pg_advisory_xact_lock_shared(1)) AS locked\``,
  })
  const lock = await sql.reserve()
  t.teardown(() => lock.release())
  await lock`SELECT pg_advisory_lock(1)`
  const { child, ended } = startCheck(t, { DATABASE_URL: url }, ['--folder', folder])
  await waitsForLock(lock)
  child.kill('SIGTERM')
  t.equal((await ended).code, 143)
  await untilLeft(t, sql, 0)
})

t.test('no endpoint that answers is told with the reason of each, at once', async (t) => {
  const [one, other] = [await freePort(), await freePort()]
  const url = `postgres://user:secret-word@127.0.0.1:${one},127.0.0.1:${other}/db`
  const { code, stdout, stderr } = await runCheck(t, { DATABASE_URL: url })
  t.equal(stdout, '')
  t.match(stderr, `127.0.0.1:${one}: connect ECONNREFUSED`)
  t.match(stderr, `127.0.0.1:${other}: connect ECONNREFUSED`)
  t.equal(code, 1)
})

t.test('of several endpoints one that answers is enough', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { host } = new URL(url)
  const both = url.replace(host, `127.0.0.1:${await freePort()},${host}`)
  const { code, document } = await runJson(t, { DATABASE_URL: both }, '--folder', folderOf(t, { good }))
  t.equal(document.endpoint, host)
  t.equal(code, 0)
})

t.test(
  'a terminal is told which collector runs, and that goes before its line',
  { skip: lacks('script', 'bsdutils') },
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const folder = folderOf(t, { first: good, second: good.replaceAll('business_good', 'business_better') })
    const command = `${process.execPath} src/cli.ts check --no-types --folder ${folder}`
    const env = { PATH: process.env.PATH, DATABASE_URL: url }
    // The test runner has every process load a part of its own.
    const { stdout, status } = spawnSync(
      'env',
      ['-u', 'NODE_OPTIONS', 'script', '-qec', command, '/dev/null'],
      {
        cwd: ROOT,
        env,
        encoding: 'utf8',
        input: '',
      },
    )
    t.ok(stdout.includes('\r\x1b[K1 of 2: first\r\x1b[Kok       first '), stdout)
    t.ok(stdout.includes('\r\x1b[K2 of 2: second\r\x1b[Kok       second '), stdout)
    t.equal(status, 0)
  },
)
