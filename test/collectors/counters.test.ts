import { readdirSync } from 'node:fs'
import t from 'tap'
import { seed } from '../../demo/seed.ts'
import type { CollectorPlugin, Fragment } from '../../src/collector.ts'
import { observer } from '../../src/query/observe.ts'
import { formatMoment } from '../../src/time/moment.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

const FOLDER = new URL('../../collectors/', import.meta.url)

const plugins: CollectorPlugin[] = []
for (const file of readdirSync(FOLDER)) {
  const { default: plugin } = await import(new URL(file, FOLDER).href)
  plugins.push(plugin)
}
const windowed = plugins.filter(({ collector }) => collector.settle !== undefined)

/** For each family, the same question asked another way of all that happened since `$1`. */
const questions: Record<string, string> = {
  business_installations_created_total: `SELECT count(*) AS value FROM installations WHERE create_time > $1::timestamptz`,
  business_installations_deleted_total: `SELECT count(*) AS value FROM installations WHERE delete_time > $1::timestamptz`,
  business_connections_created_total: `SELECT count(*) AS value FROM connections WHERE create_time > $1::timestamptz`,
  business_connections_deleted_total: `SELECT count(*) AS value FROM connections WHERE delete_time > $1::timestamptz`,
  business_operations_created_total: `
    SELECT action_type, count(*) AS value FROM operations WHERE create_time > $1::timestamptz GROUP BY 1`,
  business_operations_completed_total: `
    SELECT provider, action_type, status, count(*) AS value
      FROM integrations JOIN operations ON integrations.id = integration_id
     WHERE finish_time > $1::timestamptz GROUP BY 1, 2, 3`,
  business_records_processed_total: `
    SELECT provider, action_type, status, coalesce(sum((metadata->'progress'->>'recordsProcessed')::int), 0) AS value
      FROM integrations JOIN operations ON integrations.id = integration_id
     WHERE finish_time > $1::timestamptz GROUP BY 1, 2, 3`,
  business_operations_retried_total: `
    SELECT action_type, count(*) AS value FROM operations
     WHERE finish_time > $1::timestamptz AND (metadata->'retry'->>'attempts')::int >= 1 GROUP BY 1`,
  business_operation_duration_seconds_count: `
    SELECT action_type, status, count(*) AS value FROM operations WHERE finish_time > $1::timestamptz GROUP BY 1, 2`,
  business_operation_duration_seconds_sum: `
    SELECT action_type, status, sum(extract(epoch FROM finish_time - create_time)) AS value
      FROM operations WHERE finish_time > $1::timestamptz GROUP BY 1, 2`,
  business_operation_duration_seconds_bucket: `
    SELECT action_type, status, le, count(*) FILTER (WHERE finish_time - create_time <= le * interval '1 second') AS value
      FROM operations, unnest(ARRAY[1, 5, 15, 60, 300, 900, 3600]) AS le
     WHERE finish_time > $1::timestamptz GROUP BY 1, 2, 3
     UNION ALL
    SELECT action_type, status, NULL, count(*) FROM operations WHERE finish_time > $1::timestamptz GROUP BY 1, 2`,
}

t.test(
  'every counter and histogram equals what SQL says of all that was committed since the start',
  async (t) => {
    const { url, sql } = await createDatabase(t)
    await seed(sql, { operations: 2000 })
    const { database, scrape, round } = await startService(
      t,
      { DATABASE_URL: url },
      { folder: FOLDER.pathname },
    )
    const starts = database.collectors.list.flatMap(({ window }) =>
      window === undefined ? [] : formatMoment(window.sealedTo),
    )
    t.equal(new Set(starts).size, 1, 'all counters start with one snapshot, and settle alike')
    // Rows that are committed after the start count, whatever their moment is within `settle` before it.
    const start = starts[0] ?? ''
    const ask = async () => {
      const answers = new Map<string, number>()
      for (const [family, question] of Object.entries(questions)) {
        // Written into the text: as a parameter the client would cut it to milliseconds, and count what was just before.
        for (const { value, ...labels } of await sql.unsafe(question.replaceAll('$1', `'${start}'`))) {
          const pairs = Object.entries(labels).map(([name, text]) => `${name}="${text ?? '+Inf'}"`)
          answers.set(pairs.length > 0 ? `${family}{${pairs}}` : family, Number(value))
        }
      }
      return answers
    }
    const before = await ask()
    const counters = async () =>
      [...(await scrape())].filter(([name]) => Object.hasOwn(questions, name.split('{')[0] ?? ''))
    t.same(
      (await counters()).filter(([, value]) => value !== 0),
      [],
      'what was there before does not count',
    )

    for (let i = 0; i < 3; i++) {
      await sql`
      INSERT INTO operations (project_id, integration_id, installation_id, config_id, action_type, status, metadata, create_time, finish_time)
      SELECT project_id, integration_id, installation_id, config_id, action_type,
             (ARRAY['success', 'failure'])[1 + (random() * 0.7)::int],
             metadata, clock_timestamp() - random() ^ 4 * interval '2 hours', clock_timestamp()
        FROM operations TABLESAMPLE BERNOULLI (20)`
      await sql`UPDATE installations SET delete_time = clock_timestamp() WHERE id IN (SELECT id FROM installations WHERE delete_time IS NULL LIMIT 3)`
      await sql`UPDATE connections SET delete_time = clock_timestamp() WHERE id IN (SELECT id FROM connections WHERE delete_time IS NULL LIMIT 2)`
      await sql`
      INSERT INTO connections (project_id, provider, group_ref, consumer_ref, auth_scheme)
      SELECT project_id, provider, 'new', 'new', auth_scheme FROM connections LIMIT 4`
      await sql`
      INSERT INTO installations (project_id, integration_id, connection_id, group_ref, config_revision_id, created_by)
      SELECT project_id, integration_id, connection_id, 'new', config_revision_id, created_by FROM installations LIMIT 5`
      await round()
      // What is new stays at 0 until a scrape has had that.
      await scrape()
    }
    await round()

    const rounded = (value: number) => Math.round(value * 1e6) / 1e6
    const answers = Array.from(await ask(), ([name, value]) => [
      name,
      rounded(value - (before.get(name) ?? 0)),
    ]) as [string, number][]
    const shown = (await counters())
      .map(([name, value]): [string, number] => [name, rounded(value)])
      .filter(([, value]) => value !== 0)
      .sort()
    t.same(Object.fromEntries(shown), Object.fromEntries(answers.filter(([, value]) => value !== 0).sort()))
    t.same(
      Object.keys(questions).filter((family) => !shown.some(([name]) => name.startsWith(family))),
      [],
      'all of them moved',
    )
  },
)

t.test('every windowed query is answered from an index', async (t) => {
  const { sql } = await createDatabase(t)
  await seed(sql, { operations: 20_000 })
  t.equal(windowed.length, 6)
  for (const { collector } of windowed) {
    const bound = (text: string): Fragment => sql.unsafe(`(now() - interval '${text}')`)
    for (const [from, to] of [
      ['11 minutes', '10 minutes'],
      ['10 minutes', '0'],
    ] as const) {
      const query = collector.query(sql, {
        from: bound(from),
        to: bound(to),
        observe: observer(sql, collector),
      })
      const plan = (await sql`EXPLAIN ${query}`).map((row) => row['QUERY PLAN']).join('\n')
      t.notMatch(plan, /Seq Scan on (operations|installations|connections)/, collector.name)
      t.match(plan, /Index/)
    }
  }
})
