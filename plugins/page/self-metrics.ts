import { Histogram, Registry } from '@prometheus-io/client'
import { version } from '../../src/config/version.ts'
import type { Database } from '../../src/database.ts'
import type { ClientFamily } from '../../src/page/exposition.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { REASONS } from '../../src/rows/rows.ts'

type Type = 'gauge' | 'counter'
type Labels = Readonly<Record<string, string>>
type Value = ClientFamily['values'][number]

/** A family of which each collector or each database has samples; undefined: there is none. */
interface Family<Subject> {
  readonly name: string
  readonly help: string
  readonly type: Type
  read(subject: Subject, now: number): number | undefined | readonly (readonly [Labels, number])[]
}

/** Seconds: from a few small queries to the deadline of slow ones. */
const ROUND_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const RESULTS = ['success', 'failure']

const ERRORS: Family<CollectorStatus> = {
  name: 'collection_errors_total',
  help: 'Runs of a collector that failed.',
  type: 'counter',
  read: ({ counts }) => counts.failures,
}

const SKIPPED: Family<Database> = {
  name: 'collection_skipped_ticks_total',
  help: 'Ticks skipped because the previous round was still running.',
  type: 'counter',
  read: ({ ticker }) => ticker.skipped,
}

const COLLECTOR_FAMILIES: readonly Family<CollectorStatus>[] = [
  {
    name: 'collector_duration_seconds',
    help: 'Duration of the last run of a collector.',
    type: 'gauge',
    read: ({ last }) => last?.seconds,
  },
  {
    name: 'collector_success',
    help: 'Whether the last run of a collector succeeded.',
    type: 'gauge',
    read: ({ last, error }) => (last === undefined ? undefined : error === undefined ? 1 : 0),
  },
  {
    name: 'collector_last_success_timestamp_seconds',
    help: 'Time of the last success of a collector; 0 before the first.',
    type: 'gauge',
    read: ({ lastSuccess = 0 }) => lastSuccess,
  },
  {
    name: 'collector_series',
    help: 'Series of a collector on the page.',
    type: 'gauge',
    read: (status, now) => status.shown(now).series,
  },
  {
    name: 'collector_backoff_ticks',
    help: 'Ticks between two runs of a collector that keeps timing out; 0 for any other.',
    type: 'gauge',
    read: ({ backoffTicks }) => (backoffTicks > 1 ? backoffTicks : 0),
  },
  {
    name: 'collector_rejected_rows_total',
    help: 'Rows that a collector rejected: a bad value, a bad label, or the labels of another row.',
    type: 'counter',
    read: ({ counts }) => REASONS.map((reason) => [{ reason }, counts.rejected[reason]] as const),
  },
  {
    name: 'collector_folded_series_total',
    help: 'Series that were summed into "other" because they exceeded a limit.',
    type: 'counter',
    read: ({ counts }) => counts.folded,
  },
]

const DATABASE_FAMILIES: readonly Family<Database>[] = [
  {
    name: 'collection_state_errors_total',
    help: 'Failures to save the counters in STATE_FILE.',
    type: 'counter',
    read: ({ state }) => state.failures,
  },
  {
    name: 'database_up',
    help: 'Whether an endpoint answered when it was last asked.',
    type: 'gauge',
    read: ({ db }) => db.endpoints.map(({ name, up }) => [{ endpoint: name }, up ? 1 : 0] as const),
  },
  {
    name: 'database_quorum_votes',
    help: 'Endpoints that answered when they were last asked.',
    type: 'gauge',
    read: ({ db }) => db.votes,
  },
  {
    name: 'database_quorum_required',
    help: 'Endpoints that must answer before the service starts collecting.',
    type: 'gauge',
    read: ({ db }) => db.required,
  },
]

const LEADER: Family<Database> = {
  name: 'collection_leader',
  help: 'Whether this replica collects the database.',
  type: 'gauge',
  read: ({ leader }, now) => (leader.trustedUntil > now ? 1 : 0),
}

const BUILD: ClientFamily = {
  name: 'metrics_service_build_info',
  help: 'The version of the service and of Node.js; always 1.',
  type: 'gauge',
  values: [{ value: 1, labels: { version, node_version: process.version } }],
}

/** What the service says of itself. A replica speaks only of the databases that it leads. */
export class SelfMetrics {
  readonly #databases: readonly Database[]
  readonly #families: readonly Family<Database>[]
  readonly #registry = new Registry()
  readonly #rounds: Histogram<'database' | 'result'>
  /** Databases whose rounds are shown. */
  readonly #begun = new Set<string | undefined>()

  /** `databases` may be filled later. `elects` is whether replicas elect a leader. */
  constructor(databases: readonly Database[], elects: boolean) {
    this.#databases = databases
    this.#families = elects ? [...DATABASE_FAMILIES, LEADER] : DATABASE_FAMILIES
    this.#rounds = new Histogram({
      name: 'collection_duration_seconds',
      help: 'Duration of a round; result is "failure" when a collector failed in it.',
      labelNames: ['database', 'result'],
      buckets: ROUND_BUCKETS,
      registers: [this.#registry],
    })
  }

  /** Forgets the rounds of a database, because another replica leads it now. */
  forget(database: string | undefined): void {
    this.#begun.delete(database)
    for (const result of RESULTS) this.#rounds.remove({ ...labelOf(database), result })
  }

  observeRound(database: string | undefined, failed: boolean, seconds: number): void {
    this.#begin(database)
    this.#rounds.observe({ ...labelOf(database), result: failed ? 'failure' : 'success' }, seconds)
  }

  /** Shows 0 for both results: a counter that appears with its first increment hides that increment from rate(). */
  #begin(database: string | undefined): void {
    if (this.#begun.has(database)) return
    this.#begun.add(database)
    for (const result of RESULTS) this.#rounds.zero({ ...labelOf(database), result })
  }

  /** Every family, as of this moment of the monotonic clock in milliseconds. */
  async families(now: number): Promise<readonly ClientFamily[]> {
    const led = this.#databases.filter(({ leader }) => leader.trustedUntil > now)
    const statuses = led.flatMap(({ collectors }) => [...collectors.list])
    const ofCollector = ({ collector, database }: CollectorStatus) => ({
      ...labelOf(database),
      collector: collector.name,
    })
    const ofDatabase = ({ name }: Database) => labelOf(name)
    for (const { name } of led) this.#begin(name)
    return [
      familyOf(ERRORS, statuses, ofCollector, now),
      ...(await this.#registry.getMetricsAsJSON()),
      familyOf(SKIPPED, led, ofDatabase, now),
      ...COLLECTOR_FAMILIES.map((family) => familyOf(family, statuses, ofCollector, now)),
      ...this.#families.map((family) => familyOf(family, this.#databases, ofDatabase, now)),
      BUILD,
    ]
  }
}

/** Where databases have names, what concerns one carries its name. */
function labelOf(database: string | undefined): { readonly database?: string } {
  return database === undefined ? {} : { database }
}

function familyOf<Subject>(
  { name, help, type, read }: Family<Subject>,
  subjects: readonly Subject[],
  labelsOf: (subject: Subject) => Labels,
  now: number,
): ClientFamily {
  const values = subjects.flatMap((subject): Value[] => {
    const labels = labelsOf(subject)
    const found = read(subject, now)
    if (found === undefined) return []
    if (typeof found === 'number') return [{ value: found, labels }]
    return found.map(([more, value]) => ({ value, labels: { ...labels, ...more } }))
  })
  return { name, help, type, values }
}
