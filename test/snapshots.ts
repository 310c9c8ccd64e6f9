import { type CollectorPlugin, defineCollector, gauge, open } from '../src/collector.ts'

/** Collectors that say when they found the database to be, and through which process: in one snapshot, all the same. */
export const snapshots: CollectorPlugin[] = ['a', 'b', 'c', 'd'].map((letter) =>
  defineCollector({
    name: `snapshot-${letter}`,
    labels: { snapshot: open(5), process: open(5) },
    metrics: {
      [`business_snapshot_${letter}`]: gauge('The snapshot of a collector, and the process it runs in.'),
    },
    query: (sql) => sql`
      SELECT pg_current_snapshot()::text AS snapshot, pg_backend_pid() AS process,
             1 AS ${sql(`business_snapshot_${letter}`)}
        FROM pg_sleep(0.2)`,
  }),
)
