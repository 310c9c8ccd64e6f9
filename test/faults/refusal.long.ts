import { randomBytes } from 'node:crypto'
import postgresJs, { type Sql } from 'postgres'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { saidBy } from '../process.ts'
import { rounds } from '../scrape.ts'
import { client, createServer, createTables, fill, VALUE } from './server.ts'
import { COLLECTORS, type Watch, watch } from './watch.ts'

t.jobs = 4

interface Ward {
  readonly watched: Watch
  /** A superuser's client, of the watched database. */
  readonly sql: Sql
  readonly url: string
  readonly role: string
  readonly password: string
  readonly database: string
  /** The sample that says whether the service sees its database. */
  readonly up: string
  /** Ends the service's backends after this work, between two rounds: the next are refused if the server has a reason to. */
  disconnect(work?: () => Promise<unknown>): Promise<void>
}

/** A watched service with a database and a role of its own, which may read the tables and no more. */
async function ward(t: Test, given?: { url: string; sql: Sql }): Promise<Ward> {
  const { url, sql } = given ?? (await createDatabase(t))
  if (given === undefined) await fill(sql)
  const role = `reader_${randomBytes(6).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  await sql.unsafe(`
    CREATE ROLE ${role} LOGIN PASSWORD '${password}';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
  t.teardown(async () => {
    const admin = postgresJs(url, { max: 1 })
    await admin.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    await admin.end()
  })
  const reader = new URL(url)
  reader.username = role
  reader.password = password
  reader.searchParams.set('connect_timeout', '1')
  const database = reader.pathname.slice(1)
  const env = { DATABASE_URL: reader.href, DEBUG_PORT: String(await freePort()) }
  const watched = await watch(t, env, { monitor: url, database })
  const debug = saidBy(watched.service, 'debug on')
  const post = (path: string) =>
    fetch(`${debug}/debug/${path}`, { method: 'POST', headers: { connection: 'close' } }).then((response) =>
      response.arrayBuffer(),
    )
  const before = await watched.until((samples) => rounds(samples, 'success') > 0)
  t.equal(before.get(VALUE), 1)
  return {
    watched,
    sql,
    url,
    role,
    password,
    database,
    up: `database_up{endpoint="${reader.host}"}`,
    // A round that is cut off is told as that, and what refuses those after it is not told any more.
    async disconnect(work) {
      await post('pause')
      await work?.()
      await poll(
        () => sql`
          SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = ${role} AND state = 'idle'
           UNION ALL SELECT false FROM pg_stat_activity WHERE usename = ${role} AND state <> 'idle'`,
        ({ length }) => length === 0,
      )
      await post('resume')
    },
  }
}

/** Checks that all fails while a fault lasts, and that all is well again when it has ended. */
async function refused({ watched, up }: Ward, t: Test, reason: RegExp, end: () => Promise<unknown>) {
  await watched.failing()
  const during = await watched.until((samples) => samples.get(up) === 0)
  t.equal(during.get(VALUE), 1, 'the value stays')
  await end()
  const after = await watched.recovered()
  t.equal(after.get(VALUE), 1)
  t.equal(after.get(up), 1)
  await watched.end()
  t.match(watched.service.output(), reason)
}

/** Checks that the collector of destinations alone fails while a fault lasts. */
async function spoilt({ watched, up }: Ward, t: Test, reason: RegExp, end: () => Promise<unknown>) {
  const during = await watched.failing(['destinations'], 2)
  t.equal(during.get(VALUE), 1, 'the value stays')
  t.equal(during.get(up), 1)
  await end()
  const after = await watched.recovered()
  t.equal(after.get(VALUE), 1)
  await watched.end()
  t.match(watched.service.output(), reason)
}

t.test('a role that has no connection left is refused until it has', { buffered: true }, async (t) => {
  const it = await ward(t)
  await it.sql.unsafe(`ALTER ROLE ${it.role} CONNECTION LIMIT 0`)
  await it.disconnect()
  await refused(it, t, /too many connections for role/, () =>
    it.sql.unsafe(`ALTER ROLE ${it.role} CONNECTION LIMIT -1`),
  )
})

t.test('a role with one connection is served through it', { buffered: true }, async (t) => {
  const it = await ward(t)
  await it.sql.unsafe(`ALTER ROLE ${it.role} CONNECTION LIMIT 1`)
  await it.disconnect()
  const before = await it.watched.page()
  const after = await it.watched.until(
    (samples) => rounds(samples, 'success') >= rounds(before, 'success') + 3,
  )
  t.equal(after.get(VALUE), 1)
  t.equal(after.get(it.up), 1)
  await it.watched.end()
})

t.test('a server whose connections are all taken is waited out', { buffered: true }, async (t) => {
  const postgres = await createServer(t, ['-c', 'max_connections=8'])
  const sql = client(t, postgres.url)
  const it = await ward(t, { url: postgres.url, sql })
  const hog = postgresJs(postgres.url, { max: 8, backoff: false, fetch_types: false })
  t.teardown(() => hog.end({ timeout: 0 }))
  // A role that is not a superuser may have what the reserve leaves: others take all of it.
  const others = async () => {
    const [row] = await sql<[{ count: number }]>`
      SELECT count(*)::int FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND usename <> ${it.role}`
    return row.count
  }
  await it.disconnect(async () => {
    while ((await others()) < 6) void hog`SELECT pg_sleep(3600)`.catch(() => {})
  })
  const during = await it.watched.failing()
  t.equal(during.get(VALUE), 1, 'the value stays')
  await hog.end({ timeout: 0 })
  await sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()`
  const after = await it.watched.recovered()
  t.equal(after.get(it.up), 1)
  await it.watched.end()
  t.match(it.watched.service.output(), /remaining connection slots are reserved|too many clients already/)
})

t.test('a role that may not read one table fails that collector alone', { buffered: true }, async (t) => {
  const it = await ward(t)
  await it.sql.unsafe(`REVOKE SELECT ON destinations FROM ${it.role}`)
  await spoilt(it, t, /permission denied for table destinations/, () =>
    it.sql.unsafe(`GRANT SELECT ON destinations TO ${it.role}`),
  )
})

t.test('a role that may not log in is refused until it may', { buffered: true }, async (t) => {
  const it = await ward(t)
  await it.sql.unsafe(`ALTER ROLE ${it.role} NOLOGIN`)
  await it.disconnect()
  await refused(it, t, /is not permitted to log in/, () => it.sql.unsafe(`ALTER ROLE ${it.role} LOGIN`))
})

t.test('a password that changed is refused until it is what it was', { buffered: true }, async (t) => {
  const it = await ward(t)
  await it.sql.unsafe(`ALTER ROLE ${it.role} PASSWORD 'another'`)
  await it.disconnect()
  await refused(it, t, /password authentication failed/, () =>
    it.sql.unsafe(`ALTER ROLE ${it.role} PASSWORD '${it.password}'`),
  )
})

t.test('a database that is dropped and made again is read again', { buffered: true }, async (t) => {
  const it = await ward(t)
  const admin = client(t, it.url.replace(it.database, 'postgres'))
  await it.sql.unsafe(`DROP OWNED BY ${it.role}`)
  await admin`DROP DATABASE ${admin(it.database)} WITH (FORCE)`
  await refused(it, t, /does not exist|closed the connection|terminating connection|ECONNRESET/, async () => {
    // Nobody sees the new database before it is as the old one was.
    const name = `${it.database}_new`
    await admin`CREATE DATABASE ${admin(name)}`
    const sql = client(t, it.url.replace(it.database, name))
    await createTables(sql)
    await fill(sql)
    await sql.unsafe(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${it.role}`)
    await sql.end()
    await admin`ALTER DATABASE ${admin(name)} RENAME TO ${admin(it.database)}`
  })
})

t.test('a table that is locked fails its collector alone', { buffered: true }, async (t) => {
  const it = await ward(t)
  const lock = await it.sql.reserve()
  await lock`BEGIN`
  await lock`LOCK TABLE destinations IN ACCESS EXCLUSIVE MODE`
  await spoilt(it, t, /lock timeout|statement timeout/, () => lock`COMMIT`)
  lock.release()
})

/** Puts a view in the place of the table of destinations, which evaluates an expression for each row. */
async function replaceBy(it: Ward, expression: string): Promise<() => Promise<unknown>> {
  await it.sql.unsafe(`
    ALTER TABLE destinations RENAME TO kept;
    CREATE VIEW destinations AS SELECT * FROM kept WHERE ${expression};
    GRANT SELECT ON destinations TO ${it.role}`)
  return () =>
    it.sql.unsafe(`
      DROP VIEW destinations;
      ALTER TABLE kept RENAME TO destinations`)
}

t.test('a statement that outruns its time fails its collector alone', { buffered: true }, async (t) => {
  const it = await ward(t)
  const end = await replaceBy(it, 'pg_sleep(60) IS NOT NULL')
  await spoilt(it, t, /canceling statement due to statement timeout/, end)
})

t.test('a disk that is full fails the collector that needs it', { buffered: true }, async (t) => {
  const it = await ward(t)
  await it.sql.unsafe(`
    CREATE FUNCTION spill() RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN
        RAISE 'could not write to file "base/pgsql_tmp/pgsql_tmp1.0": No space left on device'
              USING ERRCODE = 'disk_full';
      END $$`)
  const end = await replaceBy(it, 'spill()')
  await spoilt(it, t, /No space left on device/, end)
})

t.test('backends that are ended over and over fail the rounds and no more', { buffered: true }, async (t) => {
  const it = await ward(t)
  let on = true
  const loop = async () => {
    while (on) await it.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${it.role}`
  }
  const ending = loop()
  const before = await it.watched.page()
  const during = await it.watched.until(
    (samples) => rounds(samples, 'failure') >= rounds(before, 'failure') + 3,
  )
  t.ok(
    COLLECTORS.some((name) => during.get(`collector_success{collector="${name}"}`) === 0),
    'it is told which failed',
  )
  t.equal(during.get(VALUE), 1, 'the value stays')
  on = false
  await ending
  const after = await it.watched.recovered()
  t.equal(after.get(it.up), 1)
  await it.watched.end()
  t.match(it.watched.service.output(), /terminating connection|the server closed the connection|ECONNRESET/)
})
