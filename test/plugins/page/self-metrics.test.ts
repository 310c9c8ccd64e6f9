import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import t from 'tap'
import { seed } from '../../../demo/seed.ts'
import { defineCollector, gauge } from '../../../src/collector.ts'
import { createDatabase } from '../../database.ts'
import { lacks } from '../../program.ts'
import { startService } from '../../service.ts'

const COLLECTORS = new URL('../../../collectors', import.meta.url).pathname

t.test('promtool has nothing to say about the page', { skip: lacks('promtool', 'prometheus') }, async (t) => {
  const { url, sql } = await createDatabase(t)
  await seed(sql, { operations: 1000 })
  const { app } = await startService(t, { DATABASE_URL: url }, { folder: COLLECTORS })
  await app.inject('/healthz')
  const page = (await app.inject('/metrics')).body
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: page,
    encoding: 'utf8',
  })
  t.same({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' })
})

t.test(
  'the page has business families, then self-metrics, then those of the process and of HTTP',
  async (t) => {
    const { url } = await createDatabase(t)
    const { app } = await startService(t, { DATABASE_URL: url }, { folder: COLLECTORS })
    await app.inject('/healthz')
    const { body, headers } = await app.inject('/metrics')
    t.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    const families = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '')
    t.equal(new Set(families).size, families.length, 'each family is there once')
    const rank = (name: string) =>
      [
        /^business_/,
        /^(collection|collectors?|database|metrics_service|tls)_/,
        /^(process|nodejs|http)_/,
      ].findIndex((form) => form.test(name))
    const ranks = families.map(rank)
    t.same(ranks, ranks.toSorted())
    t.same([...new Set(ranks)], [0, 1, 2])
    t.same(
      families.filter((name) => rank(name) === 1),
      [
        'collection_errors_total',
        'collection_duration_seconds',
        'collection_paused',
        'collection_skipped_ticks_total',
        'collector_duration_seconds',
        'collector_success',
        'collector_last_success_timestamp_seconds',
        'collector_counted_to_timestamp_seconds',
        'collector_counters_behind_seconds',
        'collector_series',
        'collector_backoff_ticks',
        'collector_rejected_rows_total',
        'collector_folded_series_total',
        'collector_settle_seconds',
        'collector_interval_seconds',
        'collector_timeout_seconds',
        'collector_series_limit',
        'collection_tick_seconds',
        'collection_state_errors_total',
        'collection_state_success',
        'database_up',
        'database_replication_lag_seconds',
        'database_quorum_votes',
        'database_quorum_required',
        'collectors_reload_success',
        'collectors_reload_timestamp_seconds',
        'tls_certificate_expiry_timestamp_seconds',
        'metrics_service_build_info',
      ],
    )
    t.match(
      body,
      /^http_request_duration_seconds_count\{method="GET",route="\/healthz",status_code="200"\} 1$/m,
    )
  },
)

t.test('self-counters are there from the start, at 0', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const one = defineCollector({
    name: 'one',
    metrics: { business_one: gauge('One.') },
    query: (sql) => sql`SELECT 1 AS business_one`,
  })
  const { scrape } = await startService(t, { DATABASE_URL: url }, { collectors: [one], start: false })
  const samples = await scrape()
  for (const name of [
    'collection_errors_total{collector="one"}',
    'collection_duration_seconds_count{result="success"}',
    'collection_duration_seconds_count{result="failure"}',
    'collection_skipped_ticks_total',
    'collector_last_success_timestamp_seconds{collector="one"}',
    'collector_rejected_rows_total{collector="one",reason="value"}',
    'collector_rejected_rows_total{collector="one",reason="label"}',
    'collector_rejected_rows_total{collector="one",reason="duplicate"}',
    'collector_folded_series_total{collector="one"}',
    'database_quorum_votes',
  ]) {
    t.equal(samples.get(name), 0, name)
  }
})

t.test('every default collector shows zeros and no error on an empty schema', async (t) => {
  const { url } = await createDatabase(t)
  const { scrape } = await startService(t, { DATABASE_URL: url }, { folder: COLLECTORS })
  const samples = await scrape()
  const business = [...samples].filter(([name]) => name.startsWith('business_'))
  t.same(
    business.filter(([, value]) => value !== 0),
    [],
  )
  const collectors = readdirSync(COLLECTORS).length
  t.equal(
    [...samples].filter(([name, value]) => name.startsWith('collector_success') && value === 1).length,
    collectors,
  )
})
