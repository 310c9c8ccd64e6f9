import t from 'tap'
import { kit } from '#kit'
import { counter, defineCollector, gauge, histogram, open } from '../src/collector.ts'

const schema =
  'CREATE TABLE things (kind text, seconds numeric, create_time timestamptz NOT NULL DEFAULT now())'

const things = defineCollector({
  name: 'things',
  labels: { kind: ['big', 'small'] },
  metrics: { business_things: gauge('Things.') },
  // Far beyond the ticks between two calls.
  interval: '1000h',
  query: (sql) => sql`SELECT kind, count(*) AS business_things FROM things GROUP BY kind`,
})

const seconds = defineCollector({
  name: 'seconds',
  metrics: {
    business_seconds: histogram('Seconds.', [1]),
    business_seconds_seen_total: counter('Things that were seen.'),
  },
  window: { settle: '10m' },
  query: (sql, { from, to, observe }) => sql`
    SELECT ${observe('business_seconds', sql`seconds`)}, count(*) AS business_seconds_seen_total
      FROM things
     WHERE create_time > ${from} AND create_time <= ${to}`,
})

t.test('each collect asks again, and returns the samples of its collectors alone', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [things] })
  t.same(await collect(), { 'business_things{kind="big"}': 0, 'business_things{kind="small"}': 0 })
  await sql`INSERT INTO things (kind) VALUES ('big'), ('big'), ('small')`
  t.same(await collect(), { 'business_things{kind="big"}': 2, 'business_things{kind="small"}': 1 })
  await sql`DELETE FROM things WHERE kind = 'big'`
  t.same(await collect(), { 'business_things{kind="big"}': 0, 'business_things{kind="small"}': 1 })
})

t.test('windows begin when the kit is there, and each collect is the next run', async (t) => {
  const { sql, collect } = await kit(t, {
    schema: `${schema}; INSERT INTO things (seconds) VALUES (7)`,
    collectors: [seconds],
  })
  await sql`INSERT INTO things (seconds) VALUES (0.5), (2)`
  const first = {
    'business_seconds_bucket{le="1"}': 1,
    'business_seconds_bucket{le="+Inf"}': 2,
    business_seconds_sum: 2.5,
    business_seconds_count: 2,
    business_seconds_seen_total: 2,
  }
  t.same(await collect(), first)
  await sql`INSERT INTO things (seconds) VALUES (1)`
  t.match(await collect(), { 'business_seconds_bucket{le="1"}': 2, business_seconds_seen_total: 3 })
})

t.test('a row that is rejected is an error that says which', async (t) => {
  const { sql, collect } = await kit(t, { schema, collectors: [things] })
  await sql`INSERT INTO things (kind) VALUES ('big'), ('huge')`
  await t.rejects(collect(), { message: /^collector "things" rejects rows: .*"huge"/ })
  await sql`DELETE FROM things WHERE kind = 'huge'`
  t.match(await collect(), { 'business_things{kind="big"}': 1 })
})

t.test('a collector that fails is an error that says why, beside others that do not', async (t) => {
  const lost = defineCollector({
    name: 'lost',
    metrics: { business_lost: gauge('Lost.') },
    query: (sql) => sql`SELECT count(*) AS business_lost FROM nothing`,
  })
  const { collect } = await kit(t, { schema, collectors: [things, lost] })
  await t.rejects(collect(), {
    message:
      /^collector "lost" fails: relation "nothing" does not exist \(.*kit\.test\.ts:\d+:\d+\) — if it is in a schema/,
  })
})

t.test('what folds is no error', async (t) => {
  const kinds = defineCollector({
    name: 'kinds',
    labels: { kind: open(1) },
    metrics: { business_things: gauge('Things.') },
    query: (sql) => sql`SELECT kind, count(*) AS business_things FROM things GROUP BY kind`,
  })
  const { sql, collect } = await kit(t, { schema, collectors: [kinds] })
  await sql`INSERT INTO things (kind) VALUES ('big'), ('big'), ('small')`
  t.same(await collect(), { 'business_things{kind="big"}': 2, 'business_things{kind="other"}': 1 })
})

t.test('a folder of collectors and a file of tables are taken by their paths', async (t) => {
  const { collect } = await kit(t, { schema: 'demo/schema.sql', collectors: 'collectors' })
  t.match(await collect(), { business_installations_without_recent_success: 0 })
})

t.test('what pg_dump writes is taken as it is', async (t) => {
  // The parts of one that only psql understands, or that outlast it on their connection.
  const dump = `\\restrict 5bRmAZt1X
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.things (kind text);
\\unrestrict 5bRmAZt1X
`
  const { collect } = await kit(t, { schema: dump, collectors: [things] })
  t.same(await collect(), { 'business_things{kind="big"}': 0, 'business_things{kind="small"}': 0 })
})

t.test('a schema that PostgreSQL does not take is an error that says so', async (t) => {
  const file = `${t.testdir({ 'broken.sql': 'CREATE TABLE things (kind nothing)' })}/broken.sql`
  await t.rejects(kit(t, { schema: file, collectors: [things] }), {
    message: `the schema of ${file} is not taken: type "nothing" does not exist`,
  })
})
