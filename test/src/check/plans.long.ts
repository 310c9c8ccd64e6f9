import t, { type Test } from 'tap'
import type { Report } from '../../../src/check/report.ts'
import {
  type CollectorPlugin,
  counter,
  type Duration,
  defineCollector,
  type Fragment,
  gauge,
} from '../../../src/collector.ts'
import { createDatabase, type Database } from '../../database.ts'
import { startService } from '../../service.ts'

type Query = (
  sql: Parameters<CollectorPlugin['collector']['query']>[0],
  bounds: { from: Fragment; to: Fragment },
) => Fragment

/** A collector that counts what a query finds in a window. */
function counting(query: Query, settle: Duration = '10m'): CollectorPlugin {
  return defineCollector({
    name: 'things',
    metrics: { business_things_total: counter('Things.') },
    window: { settle },
    query,
  })
}

/** What a check finds of the only collector. */
async function reportOf(t: Test, { url }: Database, collector: CollectorPlugin): Promise<Report> {
  const { database } = await startService(t, { DATABASE_URL: url }, { collectors: [collector], start: false })
  const { reports } = await database.inspector.check(database.collectors.list, { explain: false, samples: 0 })
  const { value } = await reports.next()
  await reports.return()
  if (!value) throw new Error('there is no report')
  t.same(value.errors, [])
  // Some of the windows are over an expression that no row of the last minutes has.
  return { ...value, warnings: value.warnings.filter(({ problem }) => !problem.startsWith('no row is in')) }
}

const ofThings: Query = (sql, { from, to }) => sql`
  SELECT count(*) AS business_things_total FROM things WHERE made > ${from} AND made <= ${to}`

const served: [what: string, schema: string, query?: Query][] = [
  ['an index on the column', 'CREATE INDEX ON things (made)'],
  ['an index that it is the first column of', 'CREATE INDEX ON things (made DESC, kind)'],
  ['a partial index that the condition implies', 'CREATE INDEX ON things (made) WHERE made IS NOT NULL'],
  ['a BRIN index', 'CREATE INDEX ON things USING brin (made)'],
  [
    'an index whose columns before it are compared with a value',
    'CREATE INDEX ON things (kind, made)',
    (sql, { from, to }) => sql`
      SELECT count(*) AS business_things_total FROM things WHERE kind = 'a' AND made > ${from} AND made <= ${to}`,
  ],
  [
    'an index on the expression',
    "CREATE INDEX ON things (to_timestamp((data ->> 'at')::float8))",
    (sql, { from, to }) => sql`
      SELECT count(*) AS business_things_total
        FROM things
       WHERE to_timestamp((data ->> 'at')::float8) > ${from} AND to_timestamp((data ->> 'at')::float8) <= ${to}`,
  ],
  [
    'an index below a view, a subquery and a join',
    `CREATE INDEX ON things (made);
     CREATE VIEW seen AS SELECT made, kind FROM things WHERE kind <> 'hidden'`,
    (sql, { from, to }) => sql`
      SELECT count(*) AS business_things_total
        FROM (SELECT seen.made, kinds.kind FROM seen JOIN kinds USING (kind)) AS known
       WHERE made > ${from} AND made <= ${to}`,
  ],
  [
    'an index on each partition',
    `CREATE TABLE events (made timestamptz NOT NULL) PARTITION BY RANGE (made);
     CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
     CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2999-01-01');
     CREATE INDEX ON events (made)`,
    (sql, { from, to }) => sql`
      SELECT count(*) AS business_things_total FROM events WHERE made > ${from} AND made <= ${to}`,
  ],
  [
    'no partition, for none is as new as the window',
    `CREATE TABLE events (made timestamptz NOT NULL) PARTITION BY RANGE (made);
     CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')`,
    (sql, { from, to }) => sql`
      SELECT count(*) AS business_things_total FROM events WHERE made > ${from} AND made <= ${to}`,
  ],
  [
    'an index on a column without a time zone',
    'CREATE INDEX ON things (local)',
    (sql, { from, to }) => sql`
      SELECT count(*) AS business_things_total
        FROM things
       WHERE local > ${from} AT TIME ZONE 'Asia/Kathmandu' AND local <= ${to} AT TIME ZONE 'Asia/Kathmandu'`,
  ],
]

/** Each makes the collector read a whole table, and is told which one and which column. */
const unserved: [what: string, schema: string, missing: [table: string, column: string], query?: Query][] = [
  ['there is no index', '', ['public.things', 'made']],
  ['the index is on another column', 'CREATE INDEX ON things (kind)', ['public.things', 'made']],
  ['it is the second column of the index', 'CREATE INDEX ON things (kind, made)', ['public.things', 'made']],
  ['the index is on other rows', "CREATE INDEX ON things (made) WHERE kind = 'a'", ['public.things', 'made']],
  [
    'the index is on the column and not on what is compared',
    'CREATE INDEX ON things (made)',
    ['public.things', 'made'],
    (sql, { from, to }) => sql`
      SELECT count(*) AS business_things_total
        FROM things
       WHERE made + interval '1 hour' > ${from} AND made + interval '1 hour' <= ${to}`,
  ],
  [
    'one of two tables has an index',
    `CREATE INDEX ON things (made);
     CREATE SCHEMA other;
     CREATE TABLE other."Things" ("Made At" timestamptz)`,
    ['other."Things"', '"Made At"'],
    (sql, { from, to }) => sql`
      SELECT (SELECT count(*) FROM things WHERE made > ${from} AND made <= ${to})
             + (SELECT count(*) FROM other."Things" WHERE "Made At" > ${from} AND "Made At" <= ${to})
             AS business_things_total`,
  ],
  [
    'a partition has none',
    `CREATE TABLE events (made timestamptz NOT NULL) PARTITION BY RANGE (made);
     CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
     CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2999-01-01');
     CREATE INDEX ON events_old (made)`,
    ['public.events', 'made'],
    (sql, { from, to }) => sql`
      SELECT count(*) AS business_things_total FROM events WHERE made > ${from} AND made <= ${to}`,
  ],
]

const schema = `
  CREATE DOMAIN wall AS timestamp;
  CREATE TABLE things (made timestamptz, local timestamp, kind text, data jsonb, day date, "At 'Home" wall);
  CREATE TABLE kinds (kind text);
  INSERT INTO things (made, local, kind, data) SELECT now() - n * interval '1 minute', now(), 'a', '{}' FROM generate_series(1, 50) AS n;
  INSERT INTO kinds VALUES ('a');`

/** A database with a few things, of which the planner knows, and what else a test needs. */
async function createThings(t: Test, more: string): Promise<Database> {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(`${schema}${more};ANALYZE`)
  return database
}

for (const [what, more, query = ofThings] of served) {
  t.test(`a window is served by ${what}`, async (t) => {
    const report = await reportOf(t, await createThings(t, more), counting(query))
    t.same(report.warnings, [])
    t.same(report.missingIndexes, [])
  })
}

for (const settings of [[], ["timezone = 'Asia/Kathmandu'", "datestyle = 'German'"]]) {
  for (const [what, more, [table, column], query = ofThings] of unserved) {
    t.test(`no index serves a window where ${[what, ...settings].join(', ')}`, async (t) => {
      const database = await createThings(t, more)
      const name = new URL(database.url).pathname.slice(1)
      for (const setting of settings) await database.sql.unsafe(`ALTER DATABASE ${name} SET ${setting}`)
      const report = await reportOf(t, database, counting(query))
      t.same(report.missingIndexes, [{ table, columns: [column] }])
      t.same(report.warnings, [
        {
          problem: `no index serves its window on ${table}`,
          advice: `write: CREATE INDEX ON ${table} (${column})`,
        },
      ])
    })
  }
}

const zoneless: [what: string, query: Query, table?: string, column?: string, more?: string][] = [
  [
    'in a condition',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE local > ${from} AND local <= ${to}`,
  ],
  [
    'in an index',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE local BETWEEN ${from} AND ${to}`,
    'public.things',
    'local',
    'CREATE INDEX ON things (local)',
  ],
  [
    'as the other side',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE ${from} < local AND ${to} >= local`,
  ],
  [
    'in an expression',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE date_trunc('hour', local + interval '1 hour') > ${from} AND made <= ${to}`,
  ],
  [
    'by a cast',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE local::timestamptz > ${from} AND made <= ${to}`,
  ],
  [
    'with a cast of the bound',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE local > ${from}::timestamp AND made <= ${to}`,
  ],
  [
    'with an expression of the bound',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE local > ${from} - interval '1 hour' AND made <= ${to}`,
  ],
  [
    'with the day of the bound',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE day > ${from}::date AND made <= ${to}`,
    'public.things',
    'day',
  ],
  [
    'that is a date',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE day > ${from} AND day <= ${to}`,
    'public.things',
    'day',
  ],
  [
    'of a domain',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE "At 'Home" > ${from} AND "At 'Home" <= ${to}`,
    'public.things',
    `"At 'Home"`,
  ],
  [
    'in what is counted',
    (sql, { from, to }) =>
      sql`SELECT count(*) FILTER (WHERE local > ${from}) AS business_things_total FROM things WHERE made > ${from} AND made <= ${to}`,
  ],
  [
    'in a case',
    (sql, { from, to }) =>
      sql`SELECT coalesce(sum(CASE WHEN local > ${from} THEN 1 END), 0) AS business_things_total FROM things WHERE made > ${from} AND made <= ${to}`,
  ],
  [
    'in rows that are kept',
    (sql, { from, to }) =>
      sql`WITH kept AS MATERIALIZED (SELECT local FROM things WHERE made > ${from}) SELECT count(*) AS business_things_total FROM kept WHERE local > ${from} AND local <= ${to}`,
  ],
  [
    'below a view and a join',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM (SELECT seen.at FROM seen JOIN kinds USING (kind)) AS known WHERE at > ${from} AND at <= ${to}`,
    'public.things',
    'local',
    'CREATE VIEW seen AS SELECT local AS at, kind FROM things',
  ],
  [
    'in the condition of a join',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM kinds LEFT JOIN things ON things.kind = kinds.kind AND things.local > ${from} WHERE kinds.kind <> 'x' OR things.local <= ${to}`,
  ],
  [
    'of a partition',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM events WHERE "Made" > ${from} AND "Made" <= ${to}`,
    'public.events',
    '"Made"',
    `CREATE TABLE events ("Made" timestamp NOT NULL) PARTITION BY RANGE ("Made"); CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2999-01-01')`,
  ],
  [
    'in a row of several',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE (local, kind) > (${from}, 'a') AND made <= ${to}`,
  ],
]
for (const [what, query, table = 'public.things', column = 'local', more = ''] of zoneless) {
  t.test(`a column without a time zone that a window is compared with ${what} is told`, async (t) => {
    const { warnings } = await reportOf(t, await createThings(t, more), counting(query))
    const told = warnings.filter(({ problem }) => problem.startsWith('its window is compared'))
    t.match(told, [
      {
        problem: `compared with ${table}.${column}, which is a ${column === 'day' ? 'date: ' : 'timestamp without'}`,
      },
    ])
    t.equal(told.length, 1)
  })
}

const zoned: [what: string, query: Query][] = [
  [
    'the bound is in its time zone',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE local > ${from} AT TIME ZONE 'UTC' AND local <= ${to} AT TIME ZONE 'UTC'`,
  ],
  [
    'it is in a time zone',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE local AT TIME ZONE 'Europe/Berlin' > ${from} AND (local + interval '1 hour') AT TIME ZONE 'Europe/Berlin' <= ${to}`,
  ],
  [
    'a function gives it a time zone',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE timezone('UTC', local) > ${from} AND timezone('UTC', local + interval '1 hour') <= ${to}`,
  ],
  [
    'it is compared with something else',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE local > now() - interval '1 day' AND day = CURRENT_DATE AND made > ${from} AND made <= ${to}`,
  ],
  [
    'it is in a text',
    (sql, { from, to }) =>
      sql`SELECT count(*) AS business_things_total FROM things WHERE kind <> '(things.local > ' AND made > ${from} AND made <= ${to}`,
  ],
]
for (const [what, query] of zoned) {
  t.test(`a column without a time zone is not told of where ${what}`, async (t) => {
    const { warnings } = await reportOf(t, await createThings(t, ''), counting(query))
    t.same(
      warnings.filter(({ problem }) => problem.startsWith('its window is compared')),
      [],
    )
  })
}

t.test('a column that has the name of a type is not taken for the type of a bound', async (t) => {
  const database = await createThings(t, 'CREATE TABLE days (date date, made timestamptz, zone timestamp)')
  const query: Query = (sql, { from, to }) => sql`
    SELECT count(*) FILTER (WHERE made > ${from} AND made::date > ${to}::date) AS business_things_total FROM days`
  const { warnings } = await reportOf(t, database, counting(query))
  t.same(
    warnings.filter(({ problem }) => problem.startsWith('its window is compared')),
    [],
  )
})

t.test('what is advised for a column without a time zone is not told of, and its index serves', async (t) => {
  const database = await createThings(t, 'CREATE INDEX ON things (local)')
  const query: Query = (sql, { from, to }) =>
    sql`SELECT count(*) AS business_things_total FROM things WHERE local > ${from} AND local <= ${to}`
  const { warnings } = await reportOf(t, database, counting(query))
  t.equal(
    warnings[0]?.advice,
    `write: local > \${from} AT TIME ZONE 'UTC', or if it is a local time: local AT TIME ZONE 'Europe/Berlin' > \${from}`,
  )
  const advised: Query = (sql, { from, to }) => sql`
    SELECT count(*) AS business_things_total
      FROM things
     WHERE local > ${from} AT TIME ZONE 'UTC' AND local <= ${to} AT TIME ZONE 'UTC'`
  t.same((await reportOf(t, database, counting(advised))).warnings, [])
})

t.test('the index that is advised is one that serves', async (t) => {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(schema)
  const { warnings } = await reportOf(t, database, counting(ofThings))
  const [, statement] = /^write: (.*)$/.exec(warnings[0]?.advice ?? '') ?? []
  t.ok(statement)
  await database.sql.unsafe(statement ?? '')
  t.same((await reportOf(t, database, counting(ofThings))).warnings, [])
})

for (const [what, query] of [
  [
    'counts only what is in it',
    (sql, { from, to }) => sql`
      SELECT count(*) FILTER (WHERE made > ${from} AND made <= ${to}) AS business_things_total FROM things`,
  ],
  [
    'is a condition on rows that were kept',
    (sql, { from, to }) => sql`
      WITH kept AS MATERIALIZED (SELECT made FROM things)
      SELECT count(*) AS business_things_total FROM kept WHERE made > ${from} AND made <= ${to}`,
  ],
] satisfies [string, Query][]) {
  t.test(`a window that ${what} makes each run read the table, which is told`, async (t) => {
    const database = await createDatabase(t, { schema: false })
    await database.sql.unsafe(`${schema}CREATE INDEX ON things (made)`)
    const { warnings } = await reportOf(t, database, counting(query))
    t.match(warnings, [
      {
        problem: /in no condition on a table/,
        advice: `write: WHERE create_time > \${from} AND create_time <= \${to}`,
      },
    ])
  })
}

t.test('a query without a table has nothing that an index could serve', async (t) => {
  const database = await createDatabase(t, { schema: false })
  const query: Query = (sql, { from, to }) => sql`
    SELECT count(*) AS business_things_total FROM generate_series(${from}, ${to}, interval '1 minute')`
  t.same((await reportOf(t, database, counting(query))).warnings, [])
})

t.test('the window is as long as an interval, or as the time to settle where that is longer', async (t) => {
  const database = await createThings(t, 'CREATE INDEX ON things (made)')
  const hoursOf = async (settle: Duration) => {
    const { window } = await reportOf(t, database, counting(ofThings, settle))
    return window && (Date.parse(window.to) - Date.parse(window.from)) / 3_600_000
  }
  // The service of a test has a tick of a day.
  t.equal(await hoursOf('10m'), 24)
  t.equal(await hoursOf('48h'), 48)
})

const all = defineCollector({
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql`SELECT count(*) AS business_things FROM seen`,
})

t.test(
  'a table of over a million rows that is read from end to end is told, by its statistics',
  async (t) => {
    const database = await createDatabase(t, { schema: false })
    await database.sql.unsafe(`${schema}CREATE VIEW seen AS SELECT kind FROM things`)
    t.same((await reportOf(t, database, all)).warnings, [])
    await database.sql`UPDATE pg_class SET reltuples = 1200000 WHERE relname = 'things'`
    const { warnings, sequentialScans } = await reportOf(t, database, all)
    t.same(sequentialScans, [{ table: 'public.things', rows: 1_200_000 }])
    t.match(warnings, [
      { problem: /^it reads all of public\.things, about 1,200,000 rows$/, advice: /an index/ },
    ])
  },
)

t.test('the partitions of a table are one, and those that are not read do not count', async (t) => {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(`
    CREATE TABLE things (kind int) PARTITION BY LIST (kind);
    CREATE TABLE things_1 PARTITION OF things FOR VALUES IN (1);
    CREATE TABLE things_2 PARTITION OF things FOR VALUES IN (2);
    CREATE TABLE things_3 PARTITION OF things FOR VALUES IN (3);
    CREATE VIEW seen AS SELECT kind FROM things WHERE kind < 3`)
  await database.sql`UPDATE pg_class SET reltuples = 600000 WHERE relname LIKE 'things_%'`
  const { sequentialScans } = await reportOf(t, database, all)
  t.same(sequentialScans, [{ table: 'public.things', rows: 1_200_000 }])
})

t.test('a large table that is asked by an index is none that is read from end to end', async (t) => {
  const database = await createDatabase(t, { schema: false })
  await database.sql.unsafe(`
    CREATE TABLE things AS SELECT n, n % 2 AS kind FROM generate_series(1, 100000) AS n;
    CREATE INDEX ON things (n);
    ANALYZE things;
    CREATE VIEW seen AS SELECT kind FROM things WHERE n = 7`)
  await database.sql`UPDATE pg_class SET reltuples = 1200000 WHERE relname = 'things'`
  t.same((await reportOf(t, database, all)).sequentialScans, [])
})
