// The service's own metrics, read when the page is rendered. Imports src/ and its own folder only.
import { Histogram, Registry } from '@prometheus-io/client'
import type { Database } from '../../src/database.ts'
import type { ClientFamily } from '../../src/page/exposition.ts'
import type { Reloads } from '../../src/round/reload.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import {
  COLLECTOR_FAMILIES,
  DATABASE_FAMILIES,
  ERRORS,
  type Family,
  type Labels,
  LEADER,
  LEADER_INFO,
  SKIPPED,
} from './self-families.ts'
import {
  BUILD,
  CERTIFICATE,
  PAUSED,
  type Paused,
  REFUSED,
  RELOADS,
  type Refusals,
  SERIES_LIMIT,
  SETTINGS,
  TICK,
} from './service-families.ts'

type Value = ClientFamily['values'][number]

/** Seconds: from a few quick queries to the timeouts of slow ones. */
const ROUND_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const RESULTS = ['success', 'failure']

/** What the metrics tell of, besides the databases. */
export interface SelfOptions {
  /** Whether replicas elect a leader. */
  readonly elects: boolean
  /** Milliseconds between two rounds. */
  readonly tick: number
  /** The most series of a collector on a database. */
  readonly budget: number
  /** What each listener refused, by its name; it may be filled later. */
  readonly refusals: ReadonlyMap<string, Refusals>
  /** The reloads of the folder of collectors, when there have been any. */
  reloads(): Reloads | undefined
  /** Since when collection is paused, if it is. */
  readonly pausing: Paused
  /** When the certificate of the metrics listener expires, in seconds since 1970; undefined without TLS. */
  expires(): number | undefined
}

/**
 * The service's metrics about itself. Those of collectors and rounds cover only the databases that this replica leads.
 */
export class SelfMetrics {
  readonly #databases: readonly Database[]
  readonly #families: readonly Family<Database>[]
  readonly #options: SelfOptions
  readonly #registry = new Registry()
  readonly #rounds: Histogram<'database' | 'result'>
  /** Databases whose rounds are on the page. */
  readonly #shown = new Set<string | undefined>()

  /** `databases` may be filled later. */
  constructor(databases: readonly Database[], options: SelfOptions) {
    this.#options = options
    this.#databases = databases
    this.#families = options.elects ? [...DATABASE_FAMILIES, LEADER, LEADER_INFO] : DATABASE_FAMILIES
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
    const settings = [...new Map(statuses.map((status) => [status.collector.name, status])).values()]
    const ofSetting = ({ collector: { name } }: CollectorStatus) => ({ collector: name })
    const { refusals, tick, budget, pausing } = this.#options
    const limits = settings.map(({ collector }) => [collector.name, budget] as const)
    const reloads = this.#options.reloads()
    for (const { name } of led) this.#show(name)
    return [
      familyOf(ERRORS, statuses, ofCollector, now),
      ...(await this.#registry.getMetricsAsJSON()),
      familyOf(PAUSED, [pausing], () => ({}), now),
      familyOf(SKIPPED, led, ofDatabase, now),
      ...COLLECTOR_FAMILIES.map((family) => familyOf(family, statuses, ofCollector, now)),
      ...SETTINGS.map((family) => familyOf(family, settings, ofSetting, now)),
      familyOf(SERIES_LIMIT, limits, ([collector]) => ({ collector }), now),
      familyOf(TICK, [tick], () => ({}), now),
      ...this.#families.map((family) => familyOf(family, this.#databases, ofDatabase, now)),
      ...RELOADS.map((family) => familyOf(family, reloads === undefined ? [] : [reloads], () => ({}), now)),
      familyOf(CERTIFICATE, this.#certificates(), ([labels]) => labels, now),
      BUILD,
      familyOf(REFUSED, [...refusals], ([listener]) => ({ listener }), now),
    ]
  }

  #certificates(): (readonly [Labels, number | undefined])[] {
    const servers = this.#databases.flatMap(({ name, db }) =>
      db.endpoints.map(
        ({ name: endpoint, role }) =>
          [{ owner: 'database', ...labelOf(name), endpoint }, role?.expires] as const,
      ),
    )
    return [[{ owner: 'listener' }, this.#options.expires()], ...servers]
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
