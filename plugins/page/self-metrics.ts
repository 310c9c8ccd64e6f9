// The service's own metrics, read when the page is made. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { type Section, type Subjects, sectionOf } from '../../src/page/family.ts'
import type { Part } from '../../src/page/gzip.ts'
import { type Format, pairsOf } from '../../src/page/syntax.ts'
import { Table } from '../../src/page/table.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { ROUNDS, RoundTimes } from './round-times.ts'
import {
  COLLECTOR_FAMILIES,
  ENDPOINT_FAMILIES,
  ERRORS,
  LEADER_FAMILIES,
  SKIPPED,
  STATE_FAMILIES,
} from './self-families.ts'
import {
  BUILD,
  CERTIFICATE,
  type Certified,
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
  /** When the certificate of the metrics listener expires, in seconds since 1970, if that is known; undefined without TLS. */
  tls(): { readonly expires?: number | undefined } | undefined
  /** When the process started, in seconds since 1970, for the _created lines of OpenMetrics; undefined leaves them out. */
  readonly created: number | undefined
}

/** What the certificate of a listener without TLS follows from. */
const PLAIN = {}

/** What the samples are of: the databases that this replica leads, and the collectors of each. */
interface Scope {
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
  #scope: Scope = { led: [], lists: [] }
  /** By format, of this scope. */
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
    if (!isSame(led, this.#scope.led) || !isSame(lists, this.#scope.lists)) this.#tables.clear()
    this.#scope = { led, lists }
    const table = this.#tables.get(format) ?? new Table(this.#sections(), format, this.#options.created)
    this.#tables.set(format, table)
    return table.parts(now)
  }

  #sections(): Section[] {
    const { refusals, tick, budget, pausing, elects, reloads } = this.#options
    const { led, lists } = this.#scope
    const statuses = lists.flat()
    const settings = [...new Map(statuses.map((status) => [status.collector.name, status])).values()]
    const ofStatus: Subjects<CollectorStatus> = {
      items: statuses,
      pairs: statuses.map(({ database, collector: { name } }) => written(database, { collector: name })),
      state: (status, now) => status.facts(now),
    }
    const bySetting = settings.map(({ collector: { name } }) => written(undefined, { collector: name }))
    const ofSetting = { items: settings, pairs: bySetting }
    const ofLed = { items: led, pairs: led.map(({ name }) => written(name)) }
    const ofDatabase = { items: this.#databases, pairs: this.#databases.map(({ name }) => written(name)) }
    const ofEndpoints: Subjects<Database> = { ...ofDatabase, state: ({ db }) => db.endpoints }
    const ofRounds: Subjects<RoundTimes> = {
      items: led.map(({ name }) => this.#roundsOf(name)),
      pairs: ofLed.pairs,
      state: ({ state }) => state,
    }
    return [
      sectionOf(ERRORS, ofStatus),
      sectionOf(ROUNDS, ofRounds),
      sectionOf(PAUSED, one(pausing)),
      sectionOf(SKIPPED, ofLed),
      ...COLLECTOR_FAMILIES.map((family) => sectionOf(family, ofStatus)),
      ...SETTINGS.map((family) => sectionOf(family, ofSetting)),
      sectionOf(SERIES_LIMIT, { items: settings.map(() => budget), pairs: bySetting }),
      sectionOf(TICK, one(tick)),
      ...STATE_FAMILIES.map((family) => sectionOf(family, ofDatabase)),
      ...ENDPOINT_FAMILIES.map((family) => sectionOf(family, ofEndpoints)),
      ...(elects ? LEADER_FAMILIES.map((family) => sectionOf(family, ofDatabase)) : []),
      ...RELOADS.map((family) => sectionOf(family, one(reloads))),
      sectionOf(CERTIFICATE, this.#certified()),
      sectionOf(BUILD, one(process.version)),
      sectionOf(REFUSED, one(refusals)),
    ]
  }

  /** The listener, and each database. */
  #certified(): Subjects<Certified> {
    const { tls } = this.#options
    const listener: Certified = {
      get state() {
        return tls() ?? PLAIN
      },
      get certificates(): Certified['certificates'] {
        return [[{ owner: 'listener' }, tls()?.expires]]
      },
    }
    const servers = this.#databases.map(
      ({ name, db }): Certified => ({
        get state() {
          return db.endpoints
        },
        get certificates(): Certified['certificates'] {
          return db.endpoints.map(({ name: endpoint, role }) => [
            { owner: 'database', ...labelOf(name), endpoint },
            role?.expires,
          ])
        },
      }),
    )
    return { items: [listener, ...servers], pairs: [], state: ({ state }) => state }
  }

  #roundsOf(database: string | undefined): RoundTimes {
    const rounds = this.#rounds.get(database) ?? new RoundTimes()
    this.#rounds.set(database, rounds)
    return rounds
  }
}

function one<Subject>(item: Subject): Subjects<Subject> {
  return { items: [item], pairs: [''] }
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
