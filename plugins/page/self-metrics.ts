// The service's own metrics, read when the page is made. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { type Section, sectionOf } from '../../src/page/family.ts'
import type { Part } from '../../src/page/gzip.ts'
import { type Format, pairsOf } from '../../src/page/syntax.ts'
import { Table } from '../../src/page/table.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { ROUNDS, RoundTimes } from './round-times.ts'
import {
  COLLECTOR_FAMILIES,
  DATABASE_FAMILIES,
  ERRORS,
  LEADER,
  LEADER_INFO,
  SKIPPED,
} from './self-families.ts'
import {
  BUILD,
  CERTIFICATE,
  type Certificates,
  PAUSED,
  type Paused,
  REFUSED,
  RELOADS,
  type ReadReloads,
  type Refusals,
  SERIES_LIMIT,
  SETTINGS,
  TICK,
} from './service-families.ts'

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
  readonly reloads: ReadReloads
  /** Since when collection is paused, if it is. */
  readonly pausing: Paused
  /** When the certificate of the metrics listener expires, in seconds since 1970; undefined without TLS. */
  expires(): number | undefined
  /** When the process started, in seconds since 1970, for the _created lines of OpenMetrics; undefined leaves them out. */
  readonly created: number | undefined
}

/** What the samples are of: the databases that this replica leads, and the collectors of each. */
interface Subjects {
  readonly led: readonly Database[]
  readonly lists: readonly (readonly CollectorStatus[])[]
}

/**
 * The service's metrics about itself. Those of collectors and rounds cover only the databases that this replica leads.
 */
export class SelfMetrics {
  readonly #databases: readonly Database[]
  readonly #options: SelfOptions
  /** By database. */
  readonly #rounds = new Map<string | undefined, RoundTimes>()
  #subjects: Subjects = { led: [], lists: [] }
  /** By format, of these subjects. */
  readonly #tables = new Map<Format, Table>()

  /** `databases` may be filled later. */
  constructor(databases: readonly Database[], options: SelfOptions) {
    this.#options = options
    this.#databases = databases
  }

  /** Forgets the rounds of a database, because another replica leads it now. */
  forget(database: string | undefined): void {
    this.#roundsOf(database).clear()
  }

  /** Counts a round and how long it took. */
  observeRound(database: string | undefined, failed: boolean, seconds: number): void {
    this.#roundsOf(database).add(failed ? 'failure' : 'success', seconds)
  }

  /** Returns the page's parts as of `now`, in milliseconds of the monotonic clock. Everything is read when it is called. */
  parts(format: Format, now: number): Promise<readonly Part[]> {
    const led = this.#databases.filter(({ leader }) => leader.trustedUntil > now)
    const lists = led.map(({ collectors }) => collectors.list)
    if (!isSame(led, this.#subjects.led) || !isSame(lists, this.#subjects.lists)) this.#tables.clear()
    this.#subjects = { led, lists }
    const table = this.#tables.get(format) ?? new Table(this.#sections(), format, this.#options.created)
    this.#tables.set(format, table)
    return table.parts(now)
  }

  #sections(): Section[] {
    const { refusals, tick, budget, pausing, elects, reloads } = this.#options
    const { led, lists } = this.#subjects
    const statuses = lists.flat()
    const settings = [...new Map(statuses.map((status) => [status.collector.name, status])).values()]
    const limits = settings.map(() => budget)
    const ofStatus = statuses.map(({ database, collector: { name } }) =>
      written(database, { collector: name }),
    )
    const ofSetting = settings.map(({ collector: { name } }) => written(undefined, { collector: name }))
    const ofLed = led.map(({ name }) => written(name))
    const ofDatabase = this.#databases.map(({ name }) => written(name))
    const rounds = led.map(({ name }) => this.#roundsOf(name))
    const families = elects ? [...DATABASE_FAMILIES, LEADER, LEADER_INFO] : DATABASE_FAMILIES
    const certificates = this.#certificates()
    return [
      sectionOf(ERRORS, statuses, ofStatus),
      sectionOf(ROUNDS, rounds, ofLed),
      sectionOf(PAUSED, [pausing], ['']),
      sectionOf(SKIPPED, led, ofLed),
      ...COLLECTOR_FAMILIES.map((family) => sectionOf(family, statuses, ofStatus)),
      ...SETTINGS.map((family) => sectionOf(family, settings, ofSetting)),
      sectionOf(SERIES_LIMIT, limits, ofSetting),
      sectionOf(TICK, [tick], ['']),
      ...families.map((family) => sectionOf(family, this.#databases, ofDatabase)),
      ...RELOADS.map((family) => sectionOf(family, [reloads], [''])),
      sectionOf(CERTIFICATE, certificates, []),
      sectionOf(BUILD, [process.version], ['']),
      sectionOf(REFUSED, [refusals], ['']),
    ]
  }

  #certificates(): Certificates[] {
    const servers = this.#databases.map(({ name, db }): Certificates => {
      return () =>
        db.endpoints.map(({ name: endpoint, role }) => [
          { owner: 'database', ...labelOf(name), endpoint },
          role?.expires,
        ])
    })
    return [() => [[{ owner: 'listener' }, this.#options.expires()]], ...servers]
  }

  #roundsOf(database: string | undefined): RoundTimes {
    const rounds = this.#rounds.get(database) ?? new RoundTimes()
    this.#rounds.set(database, rounds)
    return rounds
  }
}

/** Returns the label with the name of a database, if it has one. */
function labelOf(database: string | undefined): { readonly database?: string } {
  return database === undefined ? {} : { database }
}

/** Returns labels as they are written. None of them is a bound, so they are the same in both formats. */
function written(database: string | undefined, labels: Readonly<Record<string, string>> = {}): string {
  return pairsOf({ ...labelOf(database), ...labels }, 'text')
}

function isSame<Item>(some: readonly Item[], others: readonly Item[]): boolean {
  return some.length === others.length && some.every((item, i) => item === others[i])
}
