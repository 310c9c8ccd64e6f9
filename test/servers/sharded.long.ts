import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgresJs from 'postgres'
import t, { type Test } from 'tap'
import { type Postgres, startPostgres } from '../../demo/postgres.ts'
import { seed } from '../../demo/seed.ts'
import { client } from '../faults/server.ts'
import { ROOT } from '../root.ts'
import { startService } from '../service.ts'
import { runCheck } from '../src/check/run.ts'

const SCHEMA = readFileSync(join(ROOT, 'demo/schema.sql'), 'utf8')
/** The tables, and the column that says which shard a row is on: all rows of a project are on one. */
const KEYS = {
  projects: 'id',
  integrations: 'project_id',
  connections: 'project_id',
  installations: 'project_id',
  operations: 'project_id',
  destinations: 'project_id',
}
const SHARDS = 3

/** The statements that make a server the coordinator of shards, as docs/scaling.md has them. */
function coordinate(shards: readonly Postgres[]): string {
  const servers = shards.map(
    ({ port, url }, i) => `
    CREATE SERVER shard_${i} FOREIGN DATA WRAPPER postgres_fdw
      OPTIONS (host '127.0.0.1', port '${port}', dbname 'postgres', async_capable 'true', fetch_size '10000',
               batch_size '1000');
    CREATE USER MAPPING FOR postgres SERVER shard_${i}
      OPTIONS (user 'postgres', password '${new URL(url).password}');`,
  )
  const tables = Object.entries(KEYS).map(
    ([table, key]) => `
    ALTER TABLE ${table} RENAME TO ${table}_local;
    CREATE TABLE ${table} (LIKE ${table}_local INCLUDING DEFAULTS) PARTITION BY HASH (${key});
    ${shards
      .map(
        (_, i) => `
    CREATE FOREIGN TABLE ${table}_${i} PARTITION OF ${table}
      FOR VALUES WITH (MODULUS ${SHARDS}, REMAINDER ${i}) SERVER shard_${i} OPTIONS (table_name '${table}');`,
      )
      .join('')}`,
  )
  const drop = Object.keys(KEYS).map((table) => `DROP TABLE ${table}_local CASCADE;`)
  return ['CREATE EXTENSION postgres_fdw;', ...servers, ...tables, ...drop].join('\n')
}

/** A coordinator, and its shards. */
async function startSharded(t: Test): Promise<{ coordinator: Postgres; shards: readonly Postgres[] }> {
  const all = await Promise.all(Array.from({ length: SHARDS + 1 }, () => startPostgres()))
  for (const server of all) t.teardown(() => server.destroy())
  const [coordinator, ...shards] = all as [Postgres, ...Postgres[]]
  await Promise.all(
    shards.map(async ({ url }) => {
      const sql = client(t, url)
      await sql.unsafe(SCHEMA)
      // What refers to a row of another shard cannot be checked on one.
      await sql.unsafe(
        `SET session_replication_role = replica; ALTER ROLE postgres SET session_replication_role = replica`,
      )
    }),
  )
  const sql = client(t, coordinator.url)
  await sql.unsafe(SCHEMA)
  await sql.unsafe(coordinate(shards))
  return { coordinator, shards }
}

t.setTimeout(120_000)
t.test('over three servers that share the rows', async (t) => {
  const { coordinator, shards } = await startSharded(t)
  // It asks for the types of arrays, which the seed sends.
  const sql = postgresJs(coordinator.url, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 0 }))
  await seed(sql, { operations: 3000 })
  const readers = shards.map(({ url }) => client(t, url))
  // The query for each installation's last operation is one for each shard and installation.
  for (const reader of readers) {
    await reader`DELETE FROM installations WHERE id NOT IN (SELECT id FROM installations ORDER BY id LIMIT 50)`
  }
  /** The sum of a number over the shards, asked there. */
  const sum = async (text: string) => {
    const numbers = await Promise.all(readers.map((reader) => reader.unsafe<{ n: number }[]>(text)))
    return numbers.reduce((sum, [row]) => sum + Number(row?.n), 0)
  }
  const env = { DATABASE_URL: coordinator.url }

  await t.test('check is content with every default collector', async (t) => {
    const { code, stdout } = await runCheck(t, env, '--strict')
    t.equal(code, 0, stdout)
    t.comment(stdout)
  })

  await t.test('values are those of the shards, and counters count what comes', async (t) => {
    const { scrape, round, log, database } = await startService(
      t,
      { ...env, METRICS_TICK_DURATION: '1m' },
      { folder: 'collectors' },
    )
    for (const reader of readers) {
      const [{ n }] = await reader<[{ n: number }]>`SELECT count(*)::int AS n FROM operations`
      t.ok(n > 300, `a shard has ${n} operations`)
    }
    await sql`
      INSERT INTO operations (project_id, integration_id, installation_id, config_id, action_type)
      SELECT project_id, integration_id, installation_id, gen_random_uuid(), 'write' FROM operations LIMIT 120`
    await round()
    const samples = await scrape()
    t.equal(samples.get('business_operations_created_total{action_type="write"}'), 120)
    t.equal(
      samples.get('business_operations_in_progress{action_type="write"}'),
      await sum(
        `SELECT count(*) AS n FROM operations WHERE status = 'in_progress' AND action_type = 'write'`,
      ),
    )
    const total = [...samples]
      .filter(([name]) => /^business_connections\{/.test(name))
      .reduce((total, [, value]) => total + value, 0)
    t.equal(total, await sum('SELECT count(*) AS n FROM connections WHERE delete_time IS NULL'))
    t.same(
      log.filter(({ level }) => level !== 'info'),
      [],
    )

    // The bounds of a window, as the shards get them.
    const status = database.collectors.list.find(({ collector }) => collector.name === 'operations-created')
    const statement = status?.statement ?? ''
    const plan = await sql.unsafe(`EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) ${statement}`)
    const lines = plan.map((row) => String(row['QUERY PLAN']))
    const remote = lines.filter((line) => line.includes('Remote SQL'))
    t.equal(remote.length, SHARDS)
    for (const line of remote) t.match(line, /WHERE .*create_time > '.*'.* AND .*create_time <= '/)
    const moved = lines
      .flatMap((line) => /Async Foreign Scan .*rows=(\d+)/.exec(line)?.[1] ?? [])
      .reduce((sum, rows) => sum + Number(rows), 0)
    t.comment(lines.join('\n'))
    const [, window] = /WHERE (.*)GROUP BY/s.exec(statement) ?? []
    const inside = await sum(`SELECT count(*) AS n FROM operations WHERE ${window}`)
    t.equal(moved, inside, `${inside} rows of the window come from the shards, and no others`)
    t.ok(inside >= 120 && inside < 1000)
  })
})
