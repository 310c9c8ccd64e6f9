import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Environment } from '../../../src/config/read.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

/** Why the endpoint of a database is down, by a vote. */
async function errorOf(t: Test, env: Environment): Promise<string> {
  const { database } = await startService(t, env, { start: false })
  await database.db.vote(AbortSignal.timeout(20_000))
  return database.db.endpoints.map(({ error }) => error).join()
}

/** A role that may log in with a password, and the URL with it. */
async function roleOf(t: Test, options = '') {
  const { url, sql } = await createDatabase(t, { schema: false })
  const own = new URL(url)
  const role = own.pathname.slice(1)
  await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'hush-right' ${options}`)
  t.teardown(() => sql.unsafe(`DROP ROLE ${role}`))
  ;[own.username, own.password] = [role, 'hush-right']
  return { url: own, role, sql }
}

t.test('a refused password says where a new one belongs, and whether that takes a restart', async (t) => {
  const { url } = await roleOf(t)
  url.password = 'hush-wrong'
  const folder = t.testdir({ url: url.href, password: 'hush-wrong' })
  const without = new URL(url)
  without.password = ''
  for (const [env, says] of [
    [{ DATABASE_URL: url.href }, /a new one in DATABASE_URL or DATABASE_PASSWORD takes a restart/],
    [{ DATABASE_URL_FILE: join(folder, 'url') }, /a new one in DATABASE_URL_FILE is used at the next try/],
    [
      { DATABASE_URL: without.href, DATABASE_PASSWORD_FILE: join(folder, 'password') },
      /a new one in the file of DATABASE_PASSWORD_FILE is used at the next try, without a restart/,
    ],
    [
      { DATABASE_URL: without.href, DATABASE_PASSWORD_COMMAND: 'echo hush-wrong' },
      /what DATABASE_PASSWORD_COMMAND writes is used at the next try/,
    ],
  ] as const) {
    const error = await errorOf(t, env)
    t.match(error, /password authentication failed for user/)
    t.match(error, says)
  }
})

t.test('a new password in the file is used at the next try, as the refusal says', async (t) => {
  const { url } = await roleOf(t)
  url.password = ''
  const path = join(t.testdir({ password: 'hush-wrong' }), 'password')
  const env = { DATABASE_URL: url.href, DATABASE_PASSWORD_FILE: path }
  const { database, log } = await startService(t, env, { start: false })
  const started = database.ticker.start()
  while (!log.some(({ msg }) => msg.startsWith('waiting for the database quorum')))
    await new Promise(setImmediate)
  writeFileSync(path, 'hush-right')
  await started
  t.equal(log.filter(({ msg }) => msg.startsWith('waiting for the database quorum')).length, 1)
})

t.test('a database that is not there, and a role without a connection left, say what to do', async (t) => {
  const { url, role, sql } = await roleOf(t, 'CONNECTION LIMIT 0')
  t.match(
    await errorOf(t, { DATABASE_URL: url.href }),
    /too many connections for role.* — raise the role's CONNECTION LIMIT .* COLLECTOR_CONCURRENCY/,
  )
  url.pathname = '/nowhere'
  await sql.unsafe(`ALTER ROLE ${role} CONNECTION LIMIT -1`)
  t.match(
    await errorOf(t, { DATABASE_URL: url.href }),
    /database "nowhere" does not exist — .*the end of the URL in DATABASE_URL, or by PGDATABASE/,
  )
  await sql.unsafe(`ALTER ROLE ${role} NOLOGIN`)
  t.match(await errorOf(t, { DATABASE_URL: url.href }), /is not permitted to log in — pg_hba.conf .* LOGIN/)
})

t.test('a host that no DNS knows is named, with the variable', async (t) => {
  t.match(
    await errorOf(t, { DATABASE_URL: 'postgres://me:hush@db.invalid/shop' }),
    /getaddrinfo E\w+ db\.invalid — .*DATABASE_URL, or PGHOST/,
  )
})
