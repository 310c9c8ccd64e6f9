import { once } from 'node:events'
import t, { type Test } from 'tap'
import {
  type CollectorPlugin,
  counter,
  defineCollector,
  gauge,
  open,
  timestamp,
} from '../../src/collector.ts'
import { describeError } from '../../src/finding.ts'
import { untilLeft } from '../backends.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

const steady = defineCollector({
  name: 'steady',
  metrics: { business_steady: gauge('Steady.') },
  query: (sql) => sql`SELECT 1 AS business_steady`,
})

/** A collector named "odd" beside one that always works, after one round. */
async function runBeside(t: Test, odd: CollectorPlugin) {
  const { url } = await createDatabase(t, { schema: false })
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [odd, steady] })
  const samples = await service.scrape()
  t.equal(samples.get('business_steady'), 1, 'the other collector is untouched')
  t.equal(samples.get('collection_errors_total{collector="steady"}'), 0)
  return { ...service, samples }
}

const failures: [string, CollectorPlugin, RegExp][] = [
  [
    'sleeps past its timeout',
    defineCollector({
      name: 'odd',
      metrics: { business_odd: gauge('Odd.') },
      timeout: '500ms',
      query: (sql) => sql`SELECT 1 AS business_odd FROM pg_sleep(60)`,
    }),
    /statement timeout/,
  ],
  [
    'divides by zero',
    defineCollector({
      name: 'odd',
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) => sql`SELECT 1 / 0 AS business_odd`,
    }),
    /division by zero/,
  ],
  [
    'asks a table that is missing',
    defineCollector({
      name: 'odd',
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) => sql`SELECT count(*) AS business_odd FROM nowhere`,
    }),
    /relation "nowhere" does not exist/,
  ],
  [
    'returns a wrong column, with no row',
    defineCollector({
      name: 'odd',
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) => sql`SELECT 1 AS business_even WHERE false`,
    }),
    /no column "business_odd".*a column "business_even"/,
  ],
  [
    'writes',
    defineCollector({
      name: 'odd',
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) => sql`CREATE TABLE business_odd ()`,
    }),
    /read-only transaction/,
  ],
  [
    'throws before it queries',
    defineCollector({
      name: 'odd',
      metrics: { business_odd: gauge('Odd.') },
      query: () => {
        throw new Error('no idea')
      },
    }),
    /no idea/,
  ],
  [
    'returns a string',
    defineCollector({
      name: 'odd',
      metrics: { business_odd: gauge('Odd.') },
      // @ts-expect-error A query is what the tag makes.
      query: () => 'SELECT 1 AS business_odd',
    }),
    /must return the sql`…` itself.* — write: query: \(sql\) => sql`SELECT 1 AS business_odd`/,
  ],
  [
    'awaits its query',
    defineCollector({
      name: 'odd',
      metrics: { business_odd: gauge('Odd.') },
      // @ts-expect-error A query is not its rows.
      query: async (sql) => await sql`SELECT 1 AS business_odd`,
    }),
    /nothing that was awaited/,
  ],
]

for (const [what, odd, message] of failures) {
  t.test(`a collector that ${what} fails alone, and is counted, shown and logged once`, async (t) => {
    const { samples, scrape, log, round, app } = await runBeside(t, odd)
    t.equal(samples.get('collection_errors_total{collector="odd"}'), 1)
    t.equal(samples.get('collector_success{collector="odd"}'), 0)
    t.equal(samples.get('collector_success{collector="steady"}'), 1)
    t.equal(samples.get('collector_last_success_timestamp_seconds{collector="odd"}'), 0)
    t.equal(samples.get('collection_duration_seconds_count{result="failure"}'), 1)
    t.equal(samples.get('business_odd'), undefined, 'the zero of the start is withdrawn')
    await round()
    t.equal((await scrape()).get('collection_errors_total{collector="odd"}'), 2)
    const lines = log.filter(({ collector }) => collector === 'odd')
    t.equal(lines.length, 1)
    t.match(lines[0]?.msg, message)
    t.match(app.readiness(), {
      ready: false,
      reasons: [/collector odd has not succeeded yet/],
    })
  })
}

const rejections: [
  what: string,
  type: string,
  kind: string,
  value: string,
  reason: 'value' | 'label' | 'duplicate',
  a: number | undefined,
][] = [
  ['NaN', 'float8', 'a', "'NaN'", 'value', undefined],
  ['an infinity', 'numeric', 'a', "'-Infinity'", 'value', undefined],
  ['a text', 'text', 'a', "'many'", 'value', undefined],
  ['an undeclared label', 'int4', 'c', '1', 'label', 0],
  ['a NULL label', 'float4', '', '1', 'label', undefined],
  ['a duplicate', 'int2', 'b', '1', 'duplicate', 0],
]
for (const [what, type, kind, value, reason, a] of rejections) {
  t.test(`${what} is rejected and counted, may be no 0, and the rest of the collector stays`, async (t) => {
    const odd = defineCollector({
      name: 'odd',
      labels: { kind: ['a', 'b'] },
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) => {
        const as = sql.unsafe(type)
        return sql`
          SELECT 'b' AS kind, '7'::${as} AS business_odd
           UNION ALL
          SELECT nullif(${kind}, ''), ${sql.unsafe(value)}::${as}`
      },
    })
    const { samples, log } = await runBeside(t, odd)
    for (const name of ['value', 'label', 'duplicate']) {
      const count = samples.get(`collector_rejected_rows_total{collector="odd",reason="${name}"}`)
      t.equal(count, name === reason ? 1 : 0, name)
    }
    t.equal(samples.get('business_odd{kind="b"}'), 7)
    t.equal(samples.get('business_odd{kind="a"}'), a)
    t.equal(samples.get('collector_success{collector="odd"}'), 1)
    t.match(
      log.filter(({ level }) => level !== 'info'),
      [{ collector: 'odd', msg: /^collector rejected rows: / }],
    )
  })
}

t.test('a label value may hold quotes, backslashes, newlines and emoji', async (t) => {
  const value = 'a "quoted" \\ back\nslash 🦣'
  const { samples } = await runBeside(
    t,
    defineCollector({
      name: 'odd',
      labels: { kind: open(5) },
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) => sql`SELECT ${value}::text AS kind, 3 AS business_odd`,
    }),
  )
  t.equal(samples.get('business_odd{kind="a \\"quoted\\" \\\\ back\\nslash 🦣"}'), 3)
})

t.test('an absolute counter and a timestamp are shown as the query returns them', async (t) => {
  const { samples } = await runBeside(
    t,
    defineCollector({
      name: 'odd',
      metrics: {
        business_odd_total: counter('Odd.'),
        business_odd_timestamp_seconds: timestamp('When it was odd.'),
      },
      query: (sql) => sql`
        SELECT 12345678901::int8 AS business_odd_total,
               extract(epoch FROM timestamptz '2026-01-02 03:04:05.678901Z') AS business_odd_timestamp_seconds`,
    }),
  )
  t.equal(samples.get('business_odd_total'), 12345678901)
  t.equal(samples.get('business_odd_timestamp_seconds'), 1767323045.678901)
})

t.test('values past an open label’s limit fold into other and are counted', async (t) => {
  const { samples } = await runBeside(
    t,
    defineCollector({
      name: 'odd',
      labels: { kind: open(2) },
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) => sql`SELECT 'k' || n AS kind, n AS business_odd FROM generate_series(1, 5) AS n`,
    }),
  )
  t.same(
    [...samples].filter(([name]) => name.startsWith('business_odd')),
    [
      ['business_odd{kind="other"}', 6],
      ['business_odd{kind="k4"}', 4],
      ['business_odd{kind="k5"}', 5],
    ],
  )
  t.equal(samples.get('collector_folded_series_total{collector="odd"}'), 3)
  t.equal(samples.get('collector_series{collector="odd"}'), 3)
})

t.test('a row changed between two collectors of one round is seen by neither', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things AS SELECT 1 AS size`
  const reached = Promise.withResolvers<void>()
  const read = (name: string) =>
    defineCollector({
      name,
      metrics: { [`business_${name}`]: gauge('Size.') },
      query: (sql) => sql`SELECT size AS ${sql(`business_${name}`)} FROM things`,
    })
  const wait = defineCollector({
    name: 'wait',
    metrics: { business_wait: gauge('Wait.') },
    query: (sql) => {
      reached.resolve()
      return sql`SELECT 1 AS business_wait FROM (SELECT pg_advisory_xact_lock_shared(1)) AS locked`
    },
  })
  const { database, scrape } = await startService(
    t,
    { DATABASE_URL: url, COLLECTOR_CONCURRENCY: '1' },
    {
      collectors: [read('before'), wait, read('after')],
      start: false,
    },
  )
  const lock = await sql.reserve()
  await lock`SELECT pg_advisory_lock(1)`
  await database.ticker.start()
  await reached.promise
  t.equal((await scrape()).get('business_before'), 0, 'nothing is published before the round ends')
  await sql`UPDATE things SET size = 2`
  await lock`SELECT pg_advisory_unlock(1)`
  lock.release()
  await database.round.settled()
  const samples = await scrape()
  t.equal(samples.get('business_before'), 1)
  t.equal(samples.get('business_after'), 1)
})

t.test('a tick that finds a round running is skipped and counted', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const lock = await sql.reserve()
  await lock`SELECT pg_advisory_lock(1)`
  const slow = defineCollector({
    name: 'slow',
    metrics: { business_slow: gauge('Slow.') },
    query: (sql) => sql`SELECT 1 AS business_slow FROM (SELECT pg_advisory_xact_lock_shared(1)) AS locked`,
  })
  const { database, scrape } = await startService(
    t,
    { DATABASE_URL: url, METRICS_TICK_DURATION: '1s' },
    {
      collectors: [slow],
      start: false,
    },
  )
  await database.ticker.start()
  await once(database.ticker, 'tick')
  t.equal((await scrape()).get('collection_skipped_ticks_total'), 1)
  await lock`SELECT pg_advisory_unlock(1)`
  lock.release()
  await database.round.settled()
  t.equal((await scrape()).get('business_slow'), 1)
})

t.test(
  'a round replaces the samples of a collector whole: an unknown label set goes, a known one is 0',
  async (t) => {
    const { url, sql } = await createDatabase(t, { schema: false })
    await sql`CREATE TABLE things AS VALUES ('x', 'up'), ('x', 'down'), ('y', 'up')`
    const things = defineCollector({
      name: 'things',
      labels: { kind: open(9), state: ['up', 'down'] },
      metrics: { business_things: gauge('Things.') },
      query: (sql) =>
        sql`SELECT column1 AS kind, column2 AS state, count(*) AS business_things FROM things GROUP BY 1, 2`,
    })
    const { scrape, round } = await startService(t, { DATABASE_URL: url }, { collectors: [things] })
    const shown = async () =>
      Object.fromEntries([...(await scrape())].filter(([name]) => name.startsWith('business_')))
    t.same(await shown(), {
      'business_things{kind="x",state="up"}': 1,
      'business_things{kind="x",state="down"}': 1,
      'business_things{kind="y",state="up"}': 1,
      'business_things{kind="y",state="down"}': 0,
    })
    await sql`DELETE FROM things WHERE column1 = 'x' OR column2 = 'down'`
    await round()
    t.same(await shown(), {
      'business_things{kind="y",state="up"}': 1,
      'business_things{kind="y",state="down"}': 0,
    })
  },
)

t.test('a collector with an interval runs in the first round and then when that has passed', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  let runs = 0
  const slow = defineCollector({
    name: 'slow',
    metrics: { business_slow: gauge('Slow.') },
    interval: '48h',
    query: (sql) => sql`SELECT ${++runs}::int AS business_slow`,
  })
  const { scrape, round } = await startService(t, { DATABASE_URL: url }, { collectors: [slow, steady] })
  const seen = [(await scrape()).get('business_slow')]
  for (let tick = 1; tick <= 4; tick++) {
    await round()
    seen.push((await scrape()).get('business_slow'))
  }
  t.same(seen, [1, 1, 2, 2, 3])
})

t.test('values of a failing collector stay until COLLECTOR_STALE_AFTER, and come back with it', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things AS SELECT 5 AS size`
  const things = defineCollector({
    name: 'things',
    metrics: { business_things: gauge('Things.') },
    query: (sql) => sql`SELECT size AS business_things FROM things`,
  })
  const env = { DATABASE_URL: url, METRICS_TICK_DURATION: '1s', COLLECTOR_STALE_AFTER: '2s' }
  const { scrape, app } = await startService(t, env, { collectors: [things, steady] })
  await sql`ALTER TABLE things RENAME TO gone`
  let samples = await scrape()
  while (samples.get('collector_success{collector="things"}') === 1) samples = await scrape()
  t.equal(samples.get('business_things'), 5, 'the value stays when the collector starts to fail')
  while (samples.has('business_things')) samples = await scrape()
  t.equal(samples.get('collector_series{collector="things"}'), 0)
  t.equal(samples.get('business_steady'), 1)
  t.equal((await app.inject('/readyz')).statusCode, 503)
  t.match(app.readiness().reasons, [/the values of collector things are stale/])
  await sql`ALTER TABLE gone RENAME TO things`
  while (!samples.has('business_things')) samples = await scrape()
  t.equal(samples.get('business_things'), 5)
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

t.test('no more than COLLECTOR_CONCURRENCY connections are open while nothing goes wrong', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const collectors = Array.from({ length: 8 }, (_, i) =>
    defineCollector({
      name: `c${i}`,
      metrics: { [`business_c${i}`]: gauge('Connections.') },
      query: (sql) => sql`
        SELECT count(*) AS ${sql(`business_c${i}`)}
          FROM pg_sleep(0.2), pg_stat_activity
         WHERE application_name = 'metrics-service' AND datname = current_database()`,
    }),
  )
  const env = { DATABASE_URL: url, COLLECTOR_CONCURRENCY: '3' }
  const { scrape, round, database } = await startService(t, env, { collectors })
  for (let rounds = 0; rounds < 3; rounds++) {
    // Where the address leads by now is asked after each round, on a connection of its own.
    await database.db.vote(new AbortController().signal)
    await untilLeft(t, sql, 3)
    await round()
  }
  const most = Math.max(
    ...[...(await scrape())].flatMap(([name, value]) => (name.startsWith('business_') ? value : [])),
  )
  t.equal(most, 3)
})

t.test('each query runs with limits of its own', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const limits = defineCollector({
    name: 'limits',
    labels: { name: open(20), setting: open(20) },
    metrics: { business_limits: gauge('Limits.') },
    timeout: '2s',
    query: (sql) => sql`
      SELECT name, setting, 1 AS business_limits
        FROM pg_settings
       WHERE name LIKE '%_timeout' AND source = 'session'
          OR name IN ('transaction_read_only', 'transaction_isolation', 'application_name')`,
  })
  const { scrape } = await startService(t, { DATABASE_URL: url }, { collectors: [limits] })
  const shown = [...(await scrape()).keys()].filter((name) => name.startsWith('business_limits')).sort()
  t.same(shown, [
    'business_limits{name="application_name",setting="metrics-service"}',
    'business_limits{name="idle_in_transaction_session_timeout",setting="30000"}',
    'business_limits{name="lock_timeout",setting="1600"}',
    'business_limits{name="statement_timeout",setting="2000"}',
    'business_limits{name="transaction_isolation",setting="repeatable read"}',
    'business_limits{name="transaction_read_only",setting="on"}',
  ])
})

t.test('a process that is busy for longer than a query may take does not lose the transaction', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const slow = defineCollector({
    name: 'slow',
    metrics: { business_slow: gauge('One.') },
    timeout: '100ms',
    query(sql) {
      // Nothing else runs meanwhile, as in a container that is throttled.
      const until = performance.now() + 500
      while (performance.now() < until);
      return sql`SELECT 1 AS business_slow`
    },
  })
  const { scrape, log } = await startService(t, { DATABASE_URL: url }, { collectors: [slow] })
  t.equal((await scrape()).get('business_slow'), 1, JSON.stringify(log.at(-1)))
})

t.test(
  'a query that returns far more rows than there can be series fails at once, and the next round goes on',
  async (t) => {
    let rows = 10_000_000
    const endless = defineCollector({
      name: 'odd',
      labels: { kind: open(5) },
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) =>
        sql`SELECT 'kind ' || n AS kind, n AS business_odd FROM generate_series(1, ${rows}::int) AS n`,
    })
    const { scrape, round, database } = await runBeside(t, endless)
    const { error } = database.collectors.list[0] ?? {}
    t.match(describeError(error), /more than 200000 rows — aggregate in SQL/)
    rows = 3
    await round()
    t.equal((await scrape()).get('business_odd{kind="kind 3"}'), 3)
  },
)

t.test('a label value of a megabyte is rejected, and told in few words', async (t) => {
  const { samples, log } = await runBeside(
    t,
    defineCollector({
      name: 'odd',
      labels: { kind: open(5) },
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) =>
        sql`SELECT repeat('long ', 200000) AS kind, 1 AS business_odd UNION ALL SELECT 'short', 2`,
    }),
  )
  t.equal(samples.get('collector_rejected_rows_total{collector="odd",reason="label"}'), 1)
  t.equal(samples.get('business_odd{kind="short"}'), 2)
  const said = log.find(({ collector }) => collector === 'odd')?.msg ?? ''
  t.match(said, /1000000 characters/)
  t.ok(said.length < 300)
})

t.test('a row of a thousand columns fails its collector in few words', async (t) => {
  const { database } = await runBeside(
    t,
    defineCollector({
      name: 'odd',
      metrics: { business_odd: gauge('Odd.') },
      query: (sql) =>
        sql`SELECT ${sql.unsafe(Array.from({ length: 1000 }, (_, i) => `${i} AS c${i}`).join())}`,
    }),
  )
  t.match(
    database.collectors.list[0]?.error?.message,
    /^the query returns no column "business_odd"; .* and 996 more$/,
  )
})

t.test(
  'a collector that keeps timing out runs less and less often, and every tick again once it succeeds',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const ran: number[] = []
    let tick = 0
    let seconds = 60
    const slow = defineCollector({
      name: 'slow',
      metrics: { business_slow: gauge('Slow.') },
      timeout: '500ms',
      query: (sql) => {
        ran.push(tick)
        return sql`SELECT 1 AS business_slow FROM pg_sleep(${seconds})`
      },
    })
    const { database, scrape } = await startService(t, { DATABASE_URL: url }, { collectors: [slow, steady] })
    const backoff = async () => (await scrape()).get('collector_backoff_ticks{collector="slow"}')
    t.equal(await backoff(), 0)
    while (tick < 40) {
      if (tick === 34) {
        t.equal(await backoff(), 10)
        seconds = 0
      }
      await database.round.run(++tick)
    }
    t.same(ran, [0, 1, 3, 7, 15, 25, 35, 36, 37, 38, 39, 40])
    t.equal(await backoff(), 0)
  },
)
