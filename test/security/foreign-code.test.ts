import t, { type Test } from 'tap'
import { type CollectorPlugin, defineCollector, type Fragment, gauge } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { ROOT } from '../root.ts'
import { startService } from '../service.ts'
import { folderOf, runCheck, runJson } from '../src/check/run.ts'

// Another role of the database, whose functions a collector's query runs: what they do, they do as our role.

type Query = (sql: Parameters<CollectorPlugin['collector']['query']>[0]) => Fragment

const asking = (query: Query) =>
  defineCollector({ name: 'odd', metrics: { business_odd: gauge('Odd.') }, query })

const PASSWORD = 'only-for-the-test'

/** A database with a role that owns `things` and creates what it likes, and the URL of a role that may read all of it. */
async function setUp(t: Test, theirs: string) {
  const { url, sql } = await createDatabase(t, { schema: false })
  const name = new URL(url).pathname.slice(1)
  const [tenant, reader] = [`${name}_tenant`, `${name}_reader`]
  await sql.unsafe(`
    CREATE ROLE ${tenant};
    CREATE ROLE ${reader} LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_read_all_data;
    GRANT CREATE ON SCHEMA public TO ${tenant}`)
  t.teardown(() =>
    sql.unsafe(`DROP OWNED BY ${tenant}; DROP OWNED BY ${reader}; DROP ROLE ${tenant}; DROP ROLE ${reader}`),
  )
  await sql.begin(async (session) => {
    await session.unsafe(`SET LOCAL ROLE ${tenant}; CREATE TABLE things (id int, name text); ${theirs}`)
  })
  const own = new URL(url)
  ;[own.username, own.password] = [reader, PASSWORD]
  return { url: own.href, tenant, sql }
}

/** The functions that a check of a query warns of, and what to do. */
async function warned(t: Test, url: string, query: Query): Promise<{ code: string; advice: string }[]> {
  const { database } = await startService(
    t,
    { DATABASE_URL: url },
    { collectors: [asking(query)], start: false },
  )
  const { reports } = await database.inspector.check(database.collectors.list, { explain: false, samples: 0 })
  const found = []
  for await (const { warnings, errors } of reports) {
    t.same(errors, [])
    for (const { problem, advice = '' } of warnings) {
      const [, code] =
        /^its query may run (.*), which belongs to \w+_tenant: what that role/.exec(problem) ?? []
      if (code !== undefined) found.push({ code, advice })
    }
  }
  return found
}

const TRAP = `CREATE FUNCTION trap(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';`
const OF_VIEW: Query = (sql) => sql`SELECT count(*) AS business_odd FROM viewed`

const ways: [how: string, theirs: string, query: Query, codes?: string[]][] = [
  ['is called', TRAP, (sql) => sql`SELECT trap(1) AS business_odd`],
  ['is called with its schema and quotes', TRAP, (sql) => sql`SELECT Public . "trap" (1) AS business_odd`],
  ['is in FROM', TRAP, (sql) => sql`SELECT count(*) AS business_odd FROM trap(1)`],
  [
    'has the name of one of PostgreSQL',
    `CREATE FUNCTION upper(int) RETURNS int LANGUAGE sql AS 'SELECT $1';`,
    (sql) => sql`SELECT upper(1) AS business_odd`,
    ['public.upper(integer)'],
  ],
  ['is in a view', `${TRAP} CREATE VIEW viewed AS SELECT trap(id) FROM things;`, OF_VIEW],
  [
    'is in a view of a view',
    `${TRAP} CREATE VIEW inner_one AS SELECT trap(id) AS id FROM things; CREATE VIEW viewed AS SELECT id FROM inner_one;`,
    OF_VIEW,
  ],
  [
    'is behind an operator in a view',
    `CREATE FUNCTION trap(int, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
     CREATE OPERATOR === (LEFTARG = int, RIGHTARG = text, FUNCTION = trap);
     CREATE VIEW viewed AS SELECT FROM things WHERE id === name;`,
    OF_VIEW,
    ['public.trap(integer,text)'],
  ],
  [
    'is behind an operator',
    `CREATE FUNCTION trap(int, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
     CREATE OPERATOR <= (LEFTARG = int, RIGHTARG = text, FUNCTION = trap);`,
    (sql) => sql`SELECT count(*) AS business_odd FROM things WHERE id <= name`,
    ['public.trap(integer,text)'],
  ],
  [
    'is behind an operator of a type that a column has',
    `CREATE TYPE odd_type AS (value int);
     CREATE FUNCTION trap(odd_type, int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
     CREATE OPERATOR > (LEFTARG = odd_type, RIGHTARG = int, FUNCTION = trap);
     CREATE TABLE odd_things (odd odd_type);`,
    (sql) => sql`SELECT count(*) AS business_odd FROM odd_things WHERE odd > 1`,
    ['public.trap(public.odd_type,integer)'],
  ],
  [
    'is in an aggregate',
    `CREATE FUNCTION trap(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
     CREATE AGGREGATE total(int) (SFUNC = trap, STYPE = int, INITCOND = '0');`,
    (sql) => sql`SELECT total(id) AS business_odd FROM things`,
    ['public.total(integer)', 'public.trap(integer,integer)'],
  ],
  [
    'is in a policy',
    `${TRAP} ALTER TABLE things ENABLE ROW LEVEL SECURITY;
     CREATE POLICY odd ON things USING (trap(id) = 1);`,
    (sql) => sql`SELECT count(*) AS business_odd FROM things`,
  ],
]
for (const [how, theirs, query, codes = ['public.trap(integer)']] of ways) {
  t.test(`check warns of a function of another role that ${how}`, async (t) => {
    const { url } = await setUp(t, theirs)
    t.same(
      (await warned(t, url, query)).map(({ code }) => code),
      codes,
    )
  })
}

t.test('a function whose owner is a superuser, or that runs as its owner, brings no warning', async (t) => {
  const { url, sql } = await setUp(t, TRAP)
  const query: Query = (sql) => sql`SELECT trap(1) AS business_odd`
  const [{ advice } = { advice: '' }] = await warned(t, url, query)
  const [, alter = ''] = /(ALTER FUNCTION public\.trap\(integer\) OWNER TO) …/.exec(advice) ?? []
  await sql.unsafe(`ALTER FUNCTION public.trap(integer) SECURITY DEFINER`)
  t.same(await warned(t, url, query), [])
  await sql.unsafe(`ALTER FUNCTION public.trap(integer) SECURITY INVOKER; ${alter} CURRENT_USER`)
  t.same(await warned(t, url, query), [])
})

t.test('what a query does not use brings no warning, though the role has it', async (t) => {
  const { url } = await setUp(
    t,
    `${TRAP} CREATE VIEW viewed AS SELECT trap(id) FROM things; CREATE TABLE trapped (trap int, "viewed(" int);
     CREATE TYPE odd_type AS (value int);
     CREATE FUNCTION trap(odd_type, int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
     CREATE OPERATOR > (LEFTARG = odd_type, RIGHTARG = int, FUNCTION = trap);`,
  )
  const query: Query = (sql) => sql`
    -- trap(1), viewed
    SELECT count(trap) AS business_odd FROM trapped WHERE 'trap(1) viewed' <> '' AND trap > 0`
  t.same(await warned(t, url, query), [])
})

t.test('the warning is printed, is in the document, and --strict counts it as an error', async (t) => {
  const { url, tenant } = await setUp(t, TRAP)
  const folder = folderOf(t, {
    odd: "metrics: { business_odd: gauge('Odd.') }, query: (sql) => sql`SELECT trap(1) AS business_odd`",
  })
  const [printed, strict] = [
    await runCheck(t, { DATABASE_URL: url }, '--folder', folder),
    await runJson(t, { DATABASE_URL: url }, '--strict', '--folder', folder),
  ]
  t.equal(printed.code, 0)
  t.match(printed.stdout, `warning: its query may run public.trap(integer), which belongs to ${tenant}: `)
  t.equal(strict.code, 1)
  t.match(strict.document.collectors, [{ verdict: 'warning', warnings: [{ advice: /OWNER TO/ }] }])
})

t.test('the shipped collectors run no code of another role', async (t) => {
  const { url, sql } = await createDatabase(t)
  const role = new URL(url).pathname.slice(1)
  await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_read_all_data`)
  t.teardown(() => sql.unsafe(`DROP ROLE ${role}`))
  const own = new URL(url)
  ;[own.username, own.password] = [role, PASSWORD]
  const { stdout } = await runCheck(t, { DATABASE_URL: own.href }, '--folder', `${ROOT}/collectors`)
  t.notMatch(stdout, 'its query may run')
})
