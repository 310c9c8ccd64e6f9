import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import { version } from '../../src/config/version.ts'
import type { CollectorStatus, Outcome } from '../../src/round/status.ts'
import { REASONS } from '../../src/rows/rows.ts'

/** Seconds: from a few small queries to the deadline of slow ones. */
const ROUND_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/**
 * What the service says of itself. Gauges are read when they are scraped, as of `now()` by the monotonic clock;
 * counters move when a round ends.
 */
export function selfMetrics(app: FastifyInstance, now: () => number) {
  const registry = new Registry()
  const registers = [registry]
  const elects = app.config.LEADER_ELECTION
  // Of what another replica collects, it is for that to speak.
  const list = () =>
    app.databases.flatMap(({ collectors, leader }) =>
      leader.trustedUntil > now() ? [...collectors.list] : [],
    )
  // Where databases have names, what concerns one carries its name.
  const named = app.config.DATABASE_URL.some(({ name }) => name !== undefined)
  const labelNames = (...own: string[]) => (named ? ['database', ...own] : own)
  const of = (database: string | undefined) => (database === undefined ? {} : { database })
  const labels = ({ collector, database }: CollectorStatus) => ({
    ...of(database),
    collector: collector.name,
  })

  const errors = new Counter({
    name: 'collection_errors_total',
    help: 'Runs of a collector that failed.',
    labelNames: labelNames('collector'),
    registers,
  })
  const rounds = new Histogram({
    name: 'collection_duration_seconds',
    help: 'How long a round took; a failure is a round in which a collector failed.',
    labelNames: labelNames('result'),
    buckets: ROUND_BUCKETS,
    registers,
  })
  const skipped = new Counter({
    name: 'collection_skipped_ticks_total',
    help: 'Ticks at which the round before was still running.',
    labelNames: labelNames(),
    registers,
  })
  new Gauge({
    name: 'collector_duration_seconds',
    help: 'How long the last run of a collector took.',
    labelNames: labelNames('collector'),
    registers,
    collect() {
      if (elects) this.reset()
      for (const status of list()) {
        if (status.last !== undefined) this.set(labels(status), status.last.seconds)
      }
    },
  })
  new Gauge({
    name: 'collector_success',
    help: 'Whether the last run of a collector succeeded.',
    labelNames: labelNames('collector'),
    registers,
    collect() {
      if (elects) this.reset()
      for (const status of list()) {
        if (status.last !== undefined) this.set(labels(status), status.error === undefined ? 1 : 0)
      }
    },
  })
  new Gauge({
    name: 'collector_last_success_timestamp_seconds',
    help: 'When a collector last succeeded; 0 before it first did.',
    labelNames: labelNames('collector'),
    registers,
    collect() {
      if (elects) this.reset()
      for (const status of list()) this.set(labels(status), status.lastSuccess ?? 0)
    },
  })
  new Gauge({
    name: 'collector_series',
    help: 'Series of a collector on the page.',
    labelNames: labelNames('collector'),
    registers,
    collect() {
      if (elects) this.reset()
      for (const status of list()) this.set(labels(status), status.shown(now()).series)
    },
  })
  new Gauge({
    name: 'collector_backoff_ticks',
    help: 'Ticks between two runs of a collector that keeps timing out; 0 for one that does not.',
    labelNames: labelNames('collector'),
    registers,
    collect() {
      if (elects) this.reset()
      for (const status of list()) {
        this.set(labels(status), status.backoffTicks > 1 ? status.backoffTicks : 0)
      }
    },
  })
  const rejected = new Counter({
    name: 'collector_rejected_rows_total',
    help: 'Rows that a collector rejected: a bad value, a bad label, or labels that another row had already.',
    labelNames: labelNames('collector', 'reason'),
    registers,
  })
  const folded = new Counter({
    name: 'collector_folded_series_total',
    help: 'Series that a collector summed into "other" for want of room.',
    labelNames: labelNames('collector'),
    registers,
  })
  new Counter({
    name: 'collection_state_errors_total',
    help: 'Failures to save the counters in STATE_FILE.',
    labelNames: labelNames(),
    registers,
    collect() {
      this.reset()
      for (const { database, state } of app.databases) this.inc(of(database.name), state.failures)
    },
  })
  if (elects) {
    new Gauge({
      name: 'collection_leader',
      help: 'Whether this replica is the one that collects the database.',
      labelNames: labelNames(),
      registers,
      collect() {
        for (const { database, leader } of app.databases) {
          this.set(of(database.name), leader.trustedUntil > now() ? 1 : 0)
        }
      },
    })
  }
  new Gauge({
    name: 'database_up',
    help: 'Whether an endpoint answered when it was last asked.',
    labelNames: labelNames('endpoint'),
    registers,
    collect() {
      for (const { database, db } of app.databases) {
        for (const { name, up } of db.endpoints)
          this.set({ ...of(database.name), endpoint: name }, up ? 1 : 0)
      }
    },
  })
  new Gauge({
    name: 'database_quorum_votes',
    help: 'Endpoints that answered when they were last asked.',
    labelNames: labelNames(),
    registers,
    collect() {
      for (const { database, db } of app.databases) this.set(of(database.name), db.votes)
    },
  })
  new Gauge({
    name: 'database_quorum_required',
    help: 'Endpoints that must answer before the service starts collecting.',
    labelNames: labelNames(),
    registers,
    collect() {
      for (const { name, quorum } of app.config.DATABASE_URL) this.set(of(name), quorum)
    },
  })
  new Gauge({
    name: 'metrics_service_build_info',
    help: 'The version of the service and of Node.js; always 1.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version, node_version: process.version }, 1)

  // A counter that appears with its first increment hides that increment from rate(), so all are there from the start.
  function zeroDatabase(database: string | undefined): void {
    rounds.zero({ ...of(database), result: 'success' })
    rounds.zero({ ...of(database), result: 'failure' })
    skipped.inc(of(database), 0)
  }
  function zero(status: CollectorStatus): void {
    errors.inc(labels(status), 0)
    folded.inc(labels(status), 0)
    for (const reason of REASONS) rejected.inc({ ...labels(status), reason }, 0)
  }
  if (!elects) {
    for (const { name } of app.config.DATABASE_URL) zeroDatabase(name)
    app.addHook('onReady', async () => {
      for (const { collectors } of app.databases) collectors.list.forEach(zero)
    })
  }

  return {
    registry,
    /** This replica leads a database from now on, and counts what becomes of its rounds. */
    begin(database: string | undefined, statuses: readonly CollectorStatus[]): void {
      zeroDatabase(database)
      statuses.forEach(zero)
    },
    /** Another one does. Of a thousand databases, ten replicas would else each have the counters of all. */
    end(database: string | undefined, statuses: readonly CollectorStatus[]): void {
      for (const result of ['success', 'failure']) rounds.remove({ ...of(database), result })
      skipped.remove(of(database))
      for (const status of statuses) {
        errors.remove(labels(status))
        folded.remove(labels(status))
        for (const reason of REASONS) rejected.remove({ ...labels(status), reason })
      }
    },
    /** Counts what became of a round of one database that took this many seconds. */
    observeRound(outcomes: readonly Outcome[], seconds: number): void {
      for (const { status, result } of outcomes) {
        if (result instanceof Error) {
          errors.inc(labels(status))
          continue
        }
        folded.inc(labels(status), result.folded)
        for (const reason of REASONS) rejected.inc({ ...labels(status), reason }, result.rejected[reason])
      }
      const failed = outcomes.some(({ result }) => result instanceof Error)
      const database = outcomes[0]?.status.database
      rounds.observe({ ...of(database), result: failed ? 'failure' : 'success' }, seconds)
    },
    /** Counts a tick at which no round of a database could start. */
    skipTick(database: string | undefined): void {
      skipped.inc(of(database))
    },
  }
}
