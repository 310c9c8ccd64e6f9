import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createDatabase } from '../database.ts'
import { importHere } from './project.ts'

const query = (sql: string, options: object = {}) => ({
  query: sql,
  metrics: [{ n: { usage: 'GAUGE', description: 'N.' } }],
  ...options,
})

/** Imports queries of these names, and asks this database. */
async function importFrom(t: Test, url: string, queries: Readonly<Record<string, object>>) {
  const before = process.env.DATABASE_URL
  process.env.DATABASE_URL = url
  try {
    return await importHere(t, { 'file.yml': stringify(queries) }, 'file.yml', '--ask')
  } finally {
    if (before === undefined) delete process.env.DATABASE_URL
    else process.env.DATABASE_URL = before
  }
}

t.test('a query that writes, locks or changes something is not carried over', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe('CREATE TABLE things (n int); CREATE SEQUENCE tickets')
  const found: [sql: string, said: string][] = [
    ["SELECT nextval('tickets') AS n", 'its query calls nextval, which changes something'],
    ['SELECT 1 AS n FROM pg_stat_reset()', 'its query calls pg_stat_reset, which'],
    ["SELECT pg_catalog.pg_notify('a', 'b'), 1 AS n", 'its query calls pg_notify, which'],
    ['SELECT n FROM things FOR  UPDATE', 'its query writes or locks rows'],
    ['SELECT 1 AS n INTO others', 'its query writes or locks rows'],
    [
      'WITH a AS (INSERT INTO things VALUES (1) RETURNING n) SELECT n FROM a',
      'its query writes or locks rows',
    ],
    // No word of it is what the text is searched for: only the plan shows it.
    [
      'WITH a AS (UPDATE things AS a SET n = 1 RETURNING n) SELECT n FROM a',
      'its query writes or locks rows (ModifyTable)',
    ],
    ['VACUUM things', 'its query is a VACUUM'],
    ['SET work_mem = 1', 'its query is a SET'],
  ]
  const queries = Object.fromEntries(found.map(([sql], i) => [`q${i}`, query(sql)]))
  const { stdout, written } = await importFrom(t, url, { good: query('SELECT 1 AS n'), ...queries })
  t.same(written, ['good.ts'])
  for (const [i, [sql, said]] of found.entries())
    t.ok(stdout.includes(`query "q${i}": ${said}`), `${sql}\n${stdout}`)
  t.equal((await sql`SELECT FROM things`).length, 0)
})

t.test('a query that only has such words is carried over', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const taken = [
    "SELECT length('nextval(1) INTO a') AS n -- setval(",
    'SELECT pg_stat_get_db_stat_reset_time(1) IS NULL AS n',
    'SELECT random() AS n, clock_timestamp() AS nextval, pg_is_in_recovery() AS reset',
  ]
  const { written, status } = await importFrom(
    t,
    url,
    Object.fromEntries(taken.map((sql, i) => [`q${i}`, query(sql)])),
  )
  t.equal(status, 0)
  t.equal(written.length, taken.length)
})

t.test('a function of the database that may write is named, and its query carried over', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe(`
    CREATE TABLE things (n int);
    CREATE FUNCTION bump(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO things VALUES ($1); RETURN 1; END';
    CREATE FUNCTION reads() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE VIEW bumped AS SELECT bump(1) AS n`)
  const { stdout, dir, status, written } = await importFrom(t, url, {
    direct: query('SELECT bump(1) AS n'),
    viewed: query('SELECT n FROM bumped'),
    stable: query('SELECT reads() + random() AS n'),
  })
  t.equal(status, 0)
  t.same(written, ['direct.ts', 'stable.ts', 'viewed.ts'])
  for (const name of ['direct', 'viewed']) {
    const said =
      'Its query runs public.bump(integer): if that writes, the query fails, because it is read-only'
    t.match(stdout, new RegExp(`${name}.ts: ${said.replaceAll(/[().]/g, '\\$&')}`))
    t.match(readFileSync(`${dir}/imported/${name}.ts`, 'utf8'), /\/\/ Its query runs/)
  }
  t.notMatch(stdout, /stable.ts: Its query runs/)
  t.equal((await sql`SELECT FROM things`).length, 0, 'no query was run')
})

t.test('each query that PostgreSQL refuses is named with its own reason, wherever it is', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const wrong = new Map([
    [0, 'SELECT gone AS n'],
    [3, 'SELECT 1 / 0 AS n'],
    [4, 'SELECT 1 AS n FROM nowhere'],
    [19, 'SELECT n AS n FROM (VALUES (1)) AS a (m)'],
    [49, 'SELECT f() AS n'],
  ])
  const queries = Array.from({ length: 50 }, (_, i) => [`q${i}`, query(wrong.get(i) ?? `SELECT ${i} AS n`)])
  const { stdout, written } = await importFrom(t, url, Object.fromEntries(queries))
  const refused = stdout.split('\n').filter((line) => /^ {2}file.yml:\d+: query/.test(line))
  t.match(refused, [
    /"q0": column "gone" does not exist/,
    /"q3": division by zero/,
    /"q4": relation "nowhere" does not exist/,
    /"q19": column "n" does not exist/,
    /"q49": function f\(\) does not exist/,
  ])
  t.equal(refused.length, wrong.size)
  t.equal(written.length, 50)
})

t.test('a condition that PostgreSQL refuses is named', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { stdout } = await importFrom(t, url, {
    q: query('SELECT 1 AS n', { predicate_query: 'SELECT gone' }),
  })
  t.match(stdout, 'query "q": column "gone" does not exist')
})

t.test('a query costs the network two ways there and back: the driver describes in two', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { port, hostname } = new URL(url)
  let turns = 0
  let isHeard = true
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname)
    client.on('data', (chunk) => {
      if (isHeard) turns++
      isHeard = false
      server.write(chunk)
    })
    server.on('data', (chunk) => {
      isHeard = true
      client.write(chunk)
    })
    for (const [one, other] of [[client, server] as const, [server, client] as const]) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => proxy.close())
  const { port: own } = proxy.address() as AddressInfo
  const through = new URL(url)
  through.host = `127.0.0.1:${own}`
  const turnsOf = async (count: number) => {
    turns = 0
    const queries = Array.from({ length: count }, (_, i) => [`q${i}`, query(`SELECT ${i} AS n`)])
    const { stderr, stdout } = await importFrom(t, through.href, Object.fromEntries(queries))
    t.equal(stderr, '')
    t.match(stdout, `${count} collectors`)
    return turns
  }
  const few = await turnsOf(20)
  const many = await turnsOf(220)
  t.ok(many - few < 200 * 2.5, `${many - few} more for 200 more queries`)
})
