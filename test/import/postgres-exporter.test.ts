import t from 'tap'
import { createDatabase } from '../database.ts'
import { importInto, same } from './samples.ts'

t.test(
  'queries of postgres_exporter give the samples that it would give, and nothing for its NaN',
  async (t) => {
    const { url, sql } = await createDatabase(t, { schema: false })
    // One connection: each tells the server's statistics of what it did when it likes.
    const one = await sql.reserve()
    await one.unsafe(
      `
    CREATE TABLE with_index (id int PRIMARY KEY);
    CREATE TABLE without_index (id int);
    INSERT INTO with_index SELECT generate_series(1, 100);
    CREATE TABLE jobs (name text, state text, took text, created_at timestamp, seconds float8[], seconds_bucket int[], seconds_sum float8, seconds_count int);
    INSERT INTO jobs (name, state, took) VALUES
      ('mail', 'idle', '1m30s'), ('bills', 'it''s busy', '1h2m3.5s'), ('sync', NULL, '-1'), ('sweep', 'lost', '250.7ms');
    UPDATE jobs SET created_at = '2026-01-01 00:00' WHERE name = 'mail';
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), 'Asia/Tokyo'); END $$;
    ANALYZE with_index;
    SELECT count(*) FROM without_index;
  `,
    )
    await one`VACUUM without_index`
    await one`SELECT pg_stat_force_next_flush()`
    one.release()
    const service = await importInto(t, url, 'queries.yml')
    const samples = await service.scrape()
    await t.test('booleans of a row are samples, and its NULLs are not', (t) =>
      same(t, samples, /^pg_replication/, sql`SELECT 'pg_replication_is_in_recovery' AS name, 0 AS value`),
    )
    await t.test('moments are whole seconds since 1970', (t) =>
      same(
        t,
        samples,
        /^pg_postmaster|last_vacuum/,
        sql`SELECT 'pg_postmaster_start_time_seconds' AS name,
                 floor(extract(epoch FROM pg_postmaster_start_time()))::float8 AS value
           UNION ALL
          SELECT 'pg_stat_user_tables_last_vacuum{schemaname="public",relname="without_index"}',
                 floor(extract(epoch FROM last_vacuum))::float8
            FROM pg_stat_user_tables WHERE relname = 'without_index'`,
      ),
    )
    await t.test('tables with and without an index have their numbers', (t) =>
      same(
        t,
        samples,
        /^pg_stat_user_tables_(seq_scan|idx_scan|n_live_tup)/,
        sql`SELECT format('pg_stat_user_tables_%s{schemaname="%s",relname="%s"}', column_name, schemaname, relname) AS name,
                 value::float8
            FROM pg_stat_user_tables,
                 LATERAL (VALUES ('seq_scan', seq_scan), ('idx_scan', idx_scan), ('n_live_tup', n_live_tup))
                   AS columns (column_name, value)
           WHERE value IS NOT NULL`,
      ),
    )
    await t.test(
      'texts that are mapped, durations, and moments without a time zone are numbers',
      async (t) => {
        const jobs = [...samples].filter(([name]) => name.startsWith('jobs_'))
        t.same(
          new Map(jobs),
          new Map([
            ['jobs_state{name="mail"}', 0],
            ['jobs_state{name="bills"}', 1],
            ['jobs_took_milliseconds{name="mail"}', 90_000],
            ['jobs_took_milliseconds{name="bills"}', 3_723_500],
            ['jobs_took_milliseconds{name="sweep"}', 250],
            ['jobs_created_at{name="mail"}', Date.UTC(2026, 0, 1) / 1000],
          ]),
        )
      },
    )
    t.notOk(
      [...samples].some(([name, value]) => name.startsWith('collector_rejected') && value > 0),
      'no row is rejected',
    )
    t.notOk(
      [...samples].some(([name, value]) => name.startsWith('collector_success') && value === 0),
      'nothing fails',
    )
  },
)
