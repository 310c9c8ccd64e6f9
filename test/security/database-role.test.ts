import t, { type Test } from 'tap'
import { counter, defineCollector, gauge, histogram } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

// Another role of the database, which may create in a schema of the search_path and may read nothing that we read.

const durations = defineCollector({
  name: 'durations',
  metrics: { business_duration_seconds: histogram('Seconds.', [1, 5]) },
  window: { settle: '1m' },
  query: (sql, { from, to, observe }) => sql`
    SELECT ${observe('business_duration_seconds', sql`seconds`)}
      FROM operations
     WHERE happened > ${from} AND happened <= ${to}`,
})

async function setUp(t: Test) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe(`
    CREATE TABLE operations (seconds numeric, happened timestamptz DEFAULT clock_timestamp());
    CREATE TABLE payroll (person text, amount int);
    INSERT INTO payroll VALUES ('alice', 123456);
    CREATE TABLE loot (read_only text DEFAULT current_setting('transaction_read_only'), data text);
    GRANT INSERT ON loot TO PUBLIC`)
  return { url, sql }
}

/** What the service shows of one operation that took 3 seconds. */
async function shownOf(t: Test, { url, sql }: Awaited<ReturnType<typeof setUp>>) {
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [durations] })
  await sql`INSERT INTO operations VALUES (3)`
  await service.round()
  return service.scrape()
}

t.test('an operator of another role is not what observe compares with', async (t) => {
  const site = await setUp(t)
  await site.sql.unsafe(`
    CREATE FUNCTION le(a numeric, b integer) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN
      PERFORM pg_notify('loot', (SELECT string_agg(p::text, ';') FROM payroll p));
      RETURN true;
    END $$;
    CREATE OPERATOR public.<= (LEFTARG = numeric, RIGHTARG = integer, FUNCTION = le)`)
  const samples = await shownOf(t, site)
  t.equal(samples.get('business_duration_seconds_bucket{le="1"}'), 0)
  t.equal(samples.get('business_duration_seconds_bucket{le="5"}'), 1)
})

for (const name of ['count(numeric)', 'sum(numeric)'] as const) {
  t.test(`an aggregate ${name} of another role is not what observe counts with`, async (t) => {
    const site = await setUp(t)
    await site.sql.unsafe(`
      CREATE FUNCTION take(a numeric, b numeric) RETURNS numeric LANGUAGE sql AS 'SELECT 99.0';
      CREATE AGGREGATE public.${name} (SFUNC = take, STYPE = numeric, INITCOND = '0')`)
    const samples = await shownOf(t, site)
    t.equal(samples.get('business_duration_seconds_count'), 1)
    t.equal(samples.get('business_duration_seconds_sum'), 3)
  })
}

/** A view that a collector reads, whose function does this as the service's role. */
const readingOf = (body: string) => `
  CREATE FUNCTION trap() RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN ${body} RETURN 1; END $$;
  CREATE VIEW harmless AS SELECT trap() AS one`

const harmless = defineCollector({
  name: 'harmless',
  metrics: { business_harmless: gauge('One.') },
  query: (sql) => sql`SELECT one AS business_harmless FROM harmless`,
})

t.test('nothing that a function does in a query outlives its transaction', async (t) => {
  const { url, sql } = await setUp(t)
  await sql.unsafe(
    readingOf(`
      PERFORM set_config('application_name', 'hijacked', false);
      PERFORM set_config('search_path', 'public, pg_catalog', false);
      PERFORM set_config('default_transaction_read_only', 'off', false);
      PERFORM pg_advisory_lock(4242);
      PERFORM pg_notify('loot', 'told');`),
  )
  const heard: string[] = []
  await sql.listen('loot', (payload) => heard.push(payload))
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [harmless] })
  await service.round()
  t.equal((await service.scrape()).get('business_harmless'), 1)
  const sessions = await sql`
    SELECT application_name AS name,
           (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND database = datid) AS locks
      FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
       AND query NOT ILIKE '%listen%'`
  t.ok(sessions.length > 0, 'a session is kept')
  for (const { name, locks } of sessions) t.same({ name, locks }, { name: 'metrics-service', locks: 0 })
  await sql.notify('loot', 'last')
  while (!heard.includes('last')) await new Promise(setImmediate)
  t.same(heard, ['last'])
})

t.test('the name of a snapshot does not become a statement', async (t) => {
  const { url, sql } = await setUp(t)
  await sql.unsafe(`
    CREATE FUNCTION public.pg_export_snapshot() RETURNS text LANGUAGE sql VOLATILE AS $$
      SELECT pg_catalog.pg_export_snapshot() || $x$'; COMMIT; INSERT INTO public.loot (data)
        SELECT string_agg(p::text, ';') FROM public.payroll p; COMMIT; BEGIN READ ONLY; SELECT '$x$ $$`)
  const collectors = ['one', 'two'].map((name) =>
    defineCollector({
      name,
      metrics: { [`business_${name}`]: gauge('1.') },
      query: (sql) => sql`SELECT 1 AS ${sql(`business_${name}`)} FROM pg_sleep(0.1)`,
    }),
  )
  const DATABASE_URL = `${url}?search_path=public,pg_catalog`
  const service = await startService(t, { DATABASE_URL }, { collectors })
  await service.round()
  t.same([...(await sql`SELECT * FROM loot`)], [])
  t.equal((await service.scrape()).get('business_two'), 1)
})

t.test('functions of another role are not what the election calls', async (t) => {
  const { url, sql } = await setUp(t)
  const [{ role = '' } = {}] = await sql`SELECT current_user AS role`
  const [{ name = '' } = {}] = await sql`SELECT current_database() AS name`
  for (const called of ['pg_try_advisory_lock_shared', 'pg_try_advisory_lock']) {
    await sql.unsafe(`
      CREATE FUNCTION public.${called}(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.loot (data) SELECT string_agg(p::text, ';') FROM public.payroll p;
        RETURN pg_catalog.${called}(a::int, b::int);
      END $$`)
  }
  await sql.unsafe(`ALTER ROLE ${role} IN DATABASE ${name} SET search_path = public, pg_catalog`)
  t.teardown(() => sql.unsafe(`ALTER ROLE ${role} IN DATABASE ${name} RESET search_path`))
  const service = await startService(
    t,
    { DATABASE_URL: url, LEADER_ELECTION: 'true', METRICS_TICK_DURATION: '1s' },
    { collectors: [durations] },
  )
  while ((await service.scrape()).get('collection_leader') !== 1) await new Promise(setImmediate)
  t.same([...(await sql`SELECT * FROM loot`)], [])
})

t.test('a query that ends its transaction writes nothing', async (t) => {
  const { url, sql } = await setUp(t)
  const writer = defineCollector({
    name: 'writer',
    metrics: { business_writer: counter('One.') },
    query: (sql) =>
      sql.unsafe(`COMMIT; INSERT INTO loot (data) VALUES ('written'); SELECT 1 AS business_writer`) as never,
  })
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [writer, harmless] })
  await service.round()
  t.same([...(await sql`SELECT * FROM loot`)], [])
  t.equal((await service.scrape()).get('collector_success{collector="writer"}'), 0)
})

t.test('functions and operators of another role are not what a check asks the catalog with', async (t) => {
  const { url, sql } = await setUp(t)
  await sql.unsafe(`
    CREATE FUNCTION public.format(a text, b name, c name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap'; END $$;
    CREATE FUNCTION public.trap(a name, b text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap'; END $$;
    CREATE OPERATOR public.|| (LEFTARG = name, RIGHTARG = text, FUNCTION = public.trap)`)
  const { database } = await startService(t, { DATABASE_URL: url }, { collectors: [durations] })
  const { reports } = await database.inspector.check(database.collectors.list, { explain: true, samples: 0 })
  for await (const { cost, missingIndexes } of reports) {
    t.type(cost, 'number')
    t.same(missingIndexes, [{ table: 'public.operations', columns: ['happened'] }])
  }
})

t.test('a check warns of who may create in a schema of the search_path', async (t) => {
  const { url, sql } = await setUp(t)
  const [{ role = '' } = {}] = await sql`SELECT current_database() || '_tenant' AS role`
  await sql.unsafe(`CREATE ROLE ${role}`)
  t.teardown(() => sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`))
  const { database } = await startService(t, { DATABASE_URL: url }, { collectors: [durations] })
  const warned = async () => {
    const { warnings, reports } = await database.inspector.check([], { explain: false, samples: 0 })
    for await (const _ of reports);
    return warnings.map(({ problem, advice }) => `${problem.split(' may')[0]}: ${advice}`)
  }
  t.same(await warned(), [])
  await sql.unsafe(`GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT CREATE ON SCHEMA public TO ${role}`)
  t.same(
    await warned(),
    ['PUBLIC', role].map((name) => `${name}: write: REVOKE CREATE ON SCHEMA public FROM ${name}`),
  )
})
