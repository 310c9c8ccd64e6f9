import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import { REASONS } from '../../src/rows.ts'
import type { Outcome } from '../../src/status.ts'
import { version } from '../../src/version.ts'

/** Seconds: from a few small queries to the deadline of slow ones. */
const ROUND_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/**
 * What the service says of itself. Gauges are read when they are scraped, as of `now()` by the monotonic clock;
 * counters move when a round ends.
 */
export function selfMetrics(app: FastifyInstance, now: () => number) {
  const registry = new Registry()
  const registers = [registry]
  const list = () => app.collectors.list

  const errors = new Counter({
    name: 'collection_errors_total',
    help: 'Runs of a collector that failed.',
    labelNames: ['collector'],
    registers,
  })
  const rounds = new Histogram({
    name: 'collection_duration_seconds',
    help: 'How long a round took; a failure is a round in which a collector failed.',
    labelNames: ['result'],
    buckets: ROUND_BUCKETS,
    registers,
  })
  const skipped = new Counter({
    name: 'collection_skipped_ticks_total',
    help: 'Ticks at which the round before was still running.',
    registers,
  })
  new Gauge({
    name: 'collector_duration_seconds',
    help: 'How long the last run of a collector took.',
    labelNames: ['collector'],
    registers,
    collect() {
      for (const { collector, last } of list()) {
        if (last !== undefined) this.set({ collector: collector.name }, last.seconds)
      }
    },
  })
  new Gauge({
    name: 'collector_success',
    help: 'Whether the last run of a collector succeeded.',
    labelNames: ['collector'],
    registers,
    collect() {
      for (const { collector, last, error } of list()) {
        if (last !== undefined) this.set({ collector: collector.name }, error === undefined ? 1 : 0)
      }
    },
  })
  new Gauge({
    name: 'collector_last_success_timestamp_seconds',
    help: 'When a collector last succeeded; 0 before it first did.',
    labelNames: ['collector'],
    registers,
    collect() {
      for (const { collector, lastSuccess } of list())
        this.set({ collector: collector.name }, lastSuccess ?? 0)
    },
  })
  new Gauge({
    name: 'collector_series',
    help: 'Series of a collector on the page.',
    labelNames: ['collector'],
    registers,
    collect() {
      for (const status of list()) this.set({ collector: status.collector.name }, status.shown(now()).series)
    },
  })
  new Gauge({
    name: 'collector_backoff_ticks',
    help: 'Ticks between two runs of a collector that keeps timing out; 0 for one that does not.',
    labelNames: ['collector'],
    registers,
    collect() {
      for (const { collector, backoffTicks } of list()) {
        this.set({ collector: collector.name }, backoffTicks > 1 ? backoffTicks : 0)
      }
    },
  })
  const rejected = new Counter({
    name: 'collector_rejected_rows_total',
    help: 'Rows that a collector rejected: a bad value, a bad label, or labels that another row had already.',
    labelNames: ['collector', 'reason'],
    registers,
  })
  const folded = new Counter({
    name: 'collector_folded_series_total',
    help: 'Series that a collector summed into "other" for want of room.',
    labelNames: ['collector'],
    registers,
  })
  new Counter({
    name: 'collection_state_errors_total',
    help: 'Failures to save the counters in STATE_FILE.',
    registers,
    collect() {
      this.reset()
      this.inc(app.state.failures)
    },
  })
  new Gauge({
    name: 'database_up',
    help: 'Whether an endpoint answered when it was last asked.',
    labelNames: ['endpoint'],
    registers,
    collect() {
      for (const { name, up } of app.db.endpoints) this.set({ endpoint: name }, up ? 1 : 0)
    },
  })
  new Gauge({
    name: 'database_quorum_votes',
    help: 'Endpoints that answered when they were last asked.',
    registers,
    collect() {
      this.set(app.db.votes)
    },
  })
  new Gauge({
    name: 'database_quorum_required',
    help: 'Endpoints that must answer before the service starts collecting.',
    registers,
  }).set(app.db.required)
  new Gauge({
    name: 'metrics_service_build_info',
    help: 'The version of the service and of Node.js; always 1.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version, node_version: process.version }, 1)

  // A counter that appears with its first increment hides that increment from rate(), so all are there from the start.
  rounds.zero({ result: 'success' })
  rounds.zero({ result: 'failure' })
  app.addHook('onReady', async () => {
    for (const { collector } of list()) {
      errors.inc({ collector: collector.name }, 0)
      folded.inc({ collector: collector.name }, 0)
      for (const reason of REASONS) rejected.inc({ collector: collector.name, reason }, 0)
    }
  })

  return {
    registry,
    /** Counts what became of a round that took this many seconds. */
    observeRound(outcomes: readonly Outcome[], seconds: number): void {
      for (const { status, result } of outcomes) {
        const collector = status.collector.name
        if (result instanceof Error) {
          errors.inc({ collector })
          continue
        }
        folded.inc({ collector }, result.folded)
        for (const reason of REASONS) rejected.inc({ collector, reason }, result.rejected[reason])
      }
      const failed = outcomes.some(({ result }) => result instanceof Error)
      rounds.observe({ result: failed ? 'failure' : 'success' }, seconds)
    },
    /** Counts a tick at which no round could start. */
    skipTick(): void {
      skipped.inc()
    },
  }
}
