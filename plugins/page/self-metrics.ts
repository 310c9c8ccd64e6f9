// The service's own metrics, read when the page is rendered. Imports src/ and its own folder only.
import { Histogram, Registry } from '@prometheus-io/client'
import type { Database } from '../../src/database.ts'
import type { ClientFamily } from '../../src/page/exposition.ts'
import type { Reloads } from '../../src/round/reload.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import {
  BUILD,
  COLLECTOR_FAMILIES,
  DATABASE_FAMILIES,
  ERRORS,
  type Family,
  type Labels,
  LEADER,
  LEADER_INFO,
  PAUSED,
  REFUSED,
  RELOADS,
  type Refusals,
  SKIPPED,
} from './self-families.ts'

type Value = ClientFamily['values'][number]

/** Seconds: from a few quick queries to the timeouts of slow ones. */
const ROUND_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const RESULTS = ['success', 'failure']

/**
 * The service's metrics about itself. Those of collectors and rounds cover only the databases that this replica leads.
 */
export class SelfMetrics {
  readonly #databases: readonly Database[]
  readonly #families: readonly Family<Database>[]
  readonly #refusals: ReadonlyMap<string, Refusals>
  readonly #reloads: () => Reloads | undefined
  readonly #pausing: { readonly since: number | undefined }
  readonly #registry = new Registry()
  readonly #rounds: Histogram<'database' | 'result'>
  /** Databases whose rounds are on the page. */
  readonly #shown = new Set<string | undefined>()

  /** `databases` and `refusals` may be filled later, and `reloads` is there later. `elects` says whether replicas elect a leader. */
  constructor(
    databases: readonly Database[],
    elects: boolean,
    refusals: ReadonlyMap<string, Refusals> = new Map(),
    reloads: () => Reloads | undefined = () => undefined,
    pausing: { readonly since: number | undefined } = { since: undefined },
  ) {
    this.#pausing = pausing
    this.#reloads = reloads
    this.#databases = databases
    this.#refusals = refusals
    this.#families = elects ? [...DATABASE_FAMILIES, LEADER, LEADER_INFO] : DATABASE_FAMILIES
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
    this.#shown.delete(database)
    for (const result of RESULTS) this.#rounds.remove({ ...labelOf(database), result })
  }

  /** Counts a round and how long it took. */
  observeRound(database: string | undefined, failed: boolean, seconds: number): void {
    this.#show(database)
    this.#rounds.observe({ ...labelOf(database), result: failed ? 'failure' : 'success' }, seconds)
  }

  /** Shows 0 for both results: a counter that appears with its first increment hides that increment from rate(). */
  #show(database: string | undefined): void {
    if (this.#shown.has(database)) return
    this.#shown.add(database)
    for (const result of RESULTS) this.#rounds.zero({ ...labelOf(database), result })
  }

  /** Reads every family; `now` is in milliseconds of the monotonic clock. */
  async families(now: number): Promise<readonly ClientFamily[]> {
    const led = this.#databases.filter(({ leader }) => leader.trustedUntil > now)
    const statuses = led.flatMap(({ collectors }) => [...collectors.list])
    const ofCollector = ({ collector, database }: CollectorStatus) => ({
      ...labelOf(database),
      collector: collector.name,
    })
    const ofDatabase = ({ name }: Database) => labelOf(name)
    const reloads = this.#reloads()
    for (const { name } of led) this.#show(name)
    return [
      familyOf(ERRORS, statuses, ofCollector, now),
      ...(await this.#registry.getMetricsAsJSON()),
      familyOf(PAUSED, [this.#pausing], () => ({}), now),
      familyOf(SKIPPED, led, ofDatabase, now),
      ...COLLECTOR_FAMILIES.map((family) => familyOf(family, statuses, ofCollector, now)),
      ...this.#families.map((family) => familyOf(family, this.#databases, ofDatabase, now)),
      ...RELOADS.map((family) => familyOf(family, reloads === undefined ? [] : [reloads], () => ({}), now)),
      BUILD,
      familyOf(REFUSED, [...this.#refusals], ([listener]) => ({ listener }), now),
    ]
  }
}

/** Returns the label with the name of a database, if it has one. */
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
    const value = read(subject, now)
    if (value === undefined) return []
    if (typeof value === 'number') return [{ value, labels }]
    return value.map(([more, value]) => ({ value, labels: { ...labels, ...more } }))
  })
  return { name, help, type, values }
}
