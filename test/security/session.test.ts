import t from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import type { Fragment } from '../../src/contract/definition.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

// What one collector's query, or its code, does to the session that it runs in.

/** It sees what is left of another one. */
const witness = defineCollector({
  name: 'witness',
  metrics: {
    business_settings: gauge('Settings that are not those of the server.'),
    business_locks: gauge('Advisory locks.'),
    business_statements: gauge('Prepared statements.'),
    business_channels: gauge('Channels that the session listens to.'),
    business_cursors: gauge('Cursors.'),
    business_writable: gauge('1 if the transaction may write.'),
  },
  query: (sql) => sql`
    SELECT (SELECT count(*) FROM pg_settings
             WHERE name IN ('work_mem', 'role', 'session_authorization', 'application_name') AND setting <> reset_val
           ) AS business_settings,
           (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS business_locks,
           (SELECT count(*) FROM pg_prepared_statements WHERE name <> '') AS business_statements,
           (SELECT count(*) FROM pg_listening_channels()) AS business_channels,
           (SELECT count(*) FROM pg_cursors WHERE name <> '') AS business_cursors,
           (current_setting('transaction_read_only') <> 'on')::int AS business_writable`,
})

type Tag = Parameters<typeof witness.collector.query>[0]
type Attack = (sql: Tag) => unknown

const doing = (statement: string) =>
  `CREATE OR REPLACE FUNCTION attack() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ${statement}; RETURN 1; END $$`

/** What a function that is called by the query does. */
const functions = {
  'changes a setting': `PERFORM set_config('work_mem', '64kB', false)`,
  'changes its name': `SET application_name = 'hijacked'`,
  'takes a lock': 'PERFORM pg_advisory_lock(7)',
  'prepares a statement': `EXECUTE 'PREPARE left_over AS SELECT 1'`,
  'opens a cursor': `EXECUTE 'DECLARE left_over CURSOR WITH HOLD FOR SELECT 1'`,
  'makes a temporary table': `EXECUTE 'CREATE TEMP TABLE left_over ()'`,
  'makes all transactions writable': 'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
  commits: 'COMMIT',
  'ends the sessions beside it': `PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'metrics-service' AND datname = current_database() AND pid <> pg_backend_pid()`,
}

/** What the query is instead of a SELECT. */
const statements = [
  'COMMIT',
  'ROLLBACK',
  'COMMIT AND CHAIN',
  'SAVEPOINT collector',
  'RELEASE SAVEPOINT collector',
  'DISCARD ALL',
  'DISCARD TEMP',
  'RESET ALL',
  'LISTEN loot',
  'PREPARE left_over AS SELECT 1',
  'DECLARE left_over CURSOR WITH HOLD FOR SELECT 1',
  `SET work_mem = '64kB'`,
  'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
  'SET TRANSACTION READ WRITE',
  'DO $$ BEGIN COMMIT; END $$',
  `SELECT lo_from_bytea(0, 'loot') AS business_attack`,
]

/** What the code of a collector does with its tag. */
const codes: Record<string, Attack> = {
  'waits for a query': async (sql) => (await sql`SELECT 1 / 0 AS business_attack`) && sql`SELECT 1`,
  'returns a promise': async (sql) => sql`SELECT 1 / 0 AS business_attack`,
  'sends another query': (sql) => {
    sql`SELECT 1 / 0`.execute()
    return sql`SELECT 1 AS business_attack`
  },
  'has several statements': (sql) => sql`COMMIT; SELECT 1 AS business_attack`.simple(),
  'takes a cursor': (sql) => sql`SELECT 1 AS business_attack`.cursor(1, () => {}),
  'describes its query': (sql) => sql`SELECT 1 AS business_attack`.describe(),
  ...Object.fromEntries(
    [
      'begin',
      'reserve',
      'end',
      'close',
      'listen',
      'notify',
      'subscribe',
      'largeObject',
      'file',
      'options',
    ].map((name) => [
      `uses sql.${name}`,
      (sql: Tag) => {
        const used: unknown = Reflect.get(sql, name)
        return typeof used === 'function' ? used('SELECT 1', () => {}) : used
      },
    ]),
  ),
}

const attacks: [what: string, setUp: string | undefined, attack: Attack][] = [
  ...Object.entries(functions).map(([what, body]): (typeof attacks)[number] => [
    `a function ${what}`,
    doing(body),
    (sql) => sql`SELECT attack() AS business_attack`,
  ]),
  ...statements.map((text): (typeof attacks)[number] => [
    `its query is ${text}`,
    undefined,
    (sql) => sql`${sql.unsafe(text)}`,
  ]),
  ...Object.entries(codes).map(([what, code]): (typeof attacks)[number] => [
    `its code ${what}`,
    undefined,
    code,
  ]),
]

t.test('the collector after another one finds nothing of it', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  let current: Attack = (sql) => sql`SELECT 1 AS business_attack`
  const attacker = defineCollector({
    name: 'attack',
    metrics: { business_attack: gauge('Harm.') },
    query: (sql) => current(sql) as Fragment,
  })
  const { database, scrape, app } = await startService(
    t,
    { DATABASE_URL: url },
    { collectors: [attacker, witness] },
  )
  for (const [tick, [what, setUp, attack]] of attacks.entries()) {
    await t.test(what, async (t) => {
      if (setUp !== undefined) await sql.unsafe(setUp)
      current = attack
      // In the session of one round, and in that of the next.
      for (let i = 0; i < 2; i++) await database.round.run(tick, database.collectors.list)
      const samples = await scrape()
      t.equal(database.collectors.list[1]?.error, undefined)
      for (const { name } of witness.collector.metrics) t.equal(samples.get(name), 0, name)
    })
  }
  t.equal((await sql`SELECT FROM pg_largeobject_metadata`).length, 0)
  t.equal((await app.inject('/healthz')).statusCode, 200)
})
